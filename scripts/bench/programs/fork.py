import os
import sys

with open(sys.argv[1]) as credentials:
    user, password = credentials.read().split("\n")[:2]
if os.fork() == 0:
    os.setsid()
    with open(os.environ["auth_control_file"], "w") as control:
        control.write("1")
    os._exit(0)
sys.exit(2)

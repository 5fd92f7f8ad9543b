#!/bin/sh
# The script that administrators write: the work goes to the background.
{ read -r user; read -r password; } < "$1"
( printf 1 > "$auth_control_file" ) < /dev/null > /dev/null 2>&1 &
exit 2

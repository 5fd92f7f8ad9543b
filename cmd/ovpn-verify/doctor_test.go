package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// A healthy host is told so, area by area.
func TestDoctorTellsOfAHealthyHost(t *testing.T) {
	s := newSetup(t, "healthy")
	out, status := s.doctor(t)
	if status != 0 || strings.Contains(out, "!!") || strings.Count(out, "ok ") < 8 {
		t.Errorf("exit status %d\n%s", status, out)
	}
	for _, area := range []string{"configuration", "OpenVPN", "server.conf", "unit", "files", "state", "directory", "clock", "clients"} {
		if !strings.Contains(out, "\nok  "+area+" ") && !strings.HasPrefix(out, "ok  "+area+" ") {
			t.Errorf("nothing of %s:\n%s", area, out)
		}
	}
}

// Where the paths of the configuration are another folder's, files are not judged.
func TestDoctorDoesNotGuessAboutFilesInAChroot(t *testing.T) {
	s := newSetup(t, "healthy")
	s.run(t, "echo 'chroot /' >>server.conf && chmod 0500 state")
	out, status := s.doctor(t)
	if status != 0 || !strings.Contains(out, "--  files          not looked at") || !strings.Contains(out, "note: OpenVPN runs in /\n") {
		t.Errorf("exit status %d\n%s", status, out)
	}
}

// Without a server.conf the rest is looked at all the same.
func TestDoctorWithoutAServer(t *testing.T) {
	s := newSetup(t, "healthy")
	s.run(t, "rm -r state")
	cmd := exec.Command(binary, "doctor", "--openvpn", s.dir+"/bin/openvpn", "--cd", s.dir)
	cmd.Dir, cmd.Env = s.dir, append(s.environment(), "TERM=dumb")
	out, err := cmd.Output()
	if err == nil || !regexp.MustCompile(`mend it with: install -d -m 0700 -o \S+ `+s.dir+`/state\n`).Match(out) || !strings.Contains(string(out), "\nok  directory      ldap://127.0.0.1:") {
		t.Errorf("%v\n%s", err, out)
	}
}

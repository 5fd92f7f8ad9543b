//go:build e2e

package testbed_test

import (
	"os/exec"
	"strings"
	"testing"

	"ovpn-verify/scripts/testbed"
)

// run runs a command in the server's namespace.
func run(t *testing.T, b *testbed.Bed, stdin, name string, args ...string) (string, error) {
	t.Helper()
	cmd := b.Command(t.Context(), b.ServerNS, name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = append(cmd.Environ(), "LDAPTLS_CACERT="+b.Path("slapd1/slapd-ca.crt"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestDirectoryAnswersEverybody(t *testing.T) {
	b := testbed.New(t)
	slapd := b.Slapd(testbed.SlapdOptions{})
	for _, u := range testbed.DirectoryUsers {
		for _, url := range [][]string{{"-H", slapd.URL}, {"-ZZ", "-H", slapd.URL}, {"-H", slapd.TLSURL}} {
			args := append(url, "-x", "-D", u.DN(), "-w", u.Password)
			if out, err := run(t, b, "", "ldapwhoami", args...); err != nil {
				t.Errorf("%s as %s: %v: %s", url, u.UID, err, out)
			}
		}
		if _, err := run(t, b, "", "ldapwhoami", "-H", slapd.URL, "-x", "-D", u.DN(), "-w", "wrong"); err == nil {
			t.Errorf("%s has no password", u.UID)
		}
		out, err := run(t, b, "", "ldapsearch", "-H", slapd.URL, "-x", "-D", u.DN(), "-w", u.Password,
			"-s", "base", "-b", u.DN(), "dn")
		if (err != nil) != (u.UID == "grace") { // she has to change her password first
			t.Errorf("reading %s: %v: %s", u.UID, err, out)
		}
	}
	out, err := run(t, b, "", "ldapsearch", "-LLL", "-H", slapd.TLSURL, "-x", "-D", testbed.LDAPBindDN,
		"-w", testbed.LDAPBindSecret, "-b", testbed.LDAPPeople, "(memberOf="+testbed.LDAPVPNGroup+")", "uid")
	if err != nil || strings.Count(out, "dn:") != 5 {
		t.Errorf("members of the group: %v: %s", err, out)
	}
	if !strings.Contains(slapd.Log(), `BIND dn="uid=ada,ou=people,dc=example,dc=org" method=128`) {
		t.Errorf("the log does not show the binds:\n%s", slapd.Log())
	}
}

func TestDirectoryPausesAndComesBack(t *testing.T) {
	b := testbed.New(t)
	slapd := b.Slapd(testbed.SlapdOptions{})
	whoami := func() error {
		_, err := run(t, b, "", "ldapwhoami", "-o", "nettimeout=1", "-o", "timeout=1", "-H", slapd.URL, "-x",
			"-D", testbed.LDAPBindDN, "-w", testbed.LDAPBindSecret)
		return err
	}
	for _, step := range []struct {
		name    string
		do      func() error
		answers bool
	}{
		{"paused", slapd.Pause, false}, {"resumed", slapd.Resume, true},
		{"stopped", slapd.Stop, false}, {"started", slapd.Start, true},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if err := whoami(); (err == nil) != step.answers {
			t.Errorf("%s: %v", step.name, err)
		}
	}
}

func TestServersOnTheHost(t *testing.T) {
	dir := t.TempDir()
	slapd, err := testbed.StartSlapdHere(dir, testbed.SlapdOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer slapd.Stop()
	out, err := exec.Command("ldapwhoami", "-H", slapd.URL, "-x", "-D", testbed.LDAPBindDN, "-w", testbed.LDAPBindSecret).CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
	radius, err := testbed.StartRadiusHere(dir, testbed.RadiusOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := radius.Stop(); err != nil {
		t.Error(err)
	}
}

func TestRadiusAnswersEverybody(t *testing.T) {
	b := testbed.New(t)
	radius := b.Radius(testbed.RadiusOptions{})
	for _, u := range testbed.RadiusUsers {
		ask := func(password, state string) string {
			request := "User-Name=\"" + u.Name + "\",User-Password=\"" + password + "\",Message-Authenticator=0x00"
			if state != "" {
				request += ",State=" + state
			}
			out, _ := run(t, b, request, "radclient", "-x", "-r", "1", radius.Addr, "auth", testbed.RadiusSecret)
			return out
		}
		expect := func(out string, want ...string) string {
			t.Helper()
			_, answer, _ := strings.Cut(out, "Received ")
			for _, text := range append(want, "Message-Authenticator = 0x") {
				if !strings.Contains(answer, text) {
					t.Fatalf("%s: no %q in\n%s\n%s", u.Name, text, out, radius.Log())
				}
			}
			_, state, _ := strings.Cut(answer, "State = ")
			state, _, _ = strings.Cut(state, "\n")
			return state
		}
		expect(ask("wrong", ""), "Access-Reject")
		out := ask(u.Password, "")
		for _, round := range u.Rounds {
			prompt := map[bool]string{true: "Prompt = Echo", false: "Prompt = No-Echo"}[round.Echo]
			state := expect(out, "Access-Challenge", round.Prompt, prompt)
			expect(ask("000000", state), "Access-Reject")
			out = ask(round.Answer, state)
		}
		expect(out, "Access-Accept")
	}
}

func TestRadiusWithoutMessageAuthenticator(t *testing.T) {
	b := testbed.New(t)
	radius := b.Radius(testbed.RadiusOptions{NoMessageAuthenticator: true})
	out, err := run(t, b, `User-Name=ada,User-Password="lovelace-1815",Message-Authenticator=0x00`,
		"radclient", "-x", radius.Addr, "auth", testbed.RadiusSecret)
	_, answer, _ := strings.Cut(out, "Received Access-Accept")
	if err != nil || answer == "" || strings.Contains(answer, "Message-Authenticator") {
		t.Errorf("%v: %s", err, out)
	}
}

//go:build e2e

package e2e_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ovpn-verify/scripts/testbed"
)

// onServer is an administrator's command where the server is.
func (w *world) onServer(wrap []string, stdin string, args ...string) (out string, status int) {
	w.t.Helper()
	words := slices.Concat(wrap, []string{binary, "--config", w.path("config.toml")}, args)
	cmd := w.Command(w.t.Context(), w.ServerNS, words[0], words[1:]...)
	cmd.Stdin = strings.NewReader(stdin)
	text, _ := cmd.CombinedOutput()
	return string(text), cmd.ProcessState.ExitCode()
}

// diagnosis is what `doctor --json` prints.
type diagnosis struct {
	Fine  bool
	Areas []struct {
		Name, Seen string
		Findings   []struct{ Severity, What, Mend string }
	}
}

// doctor is asked about the server, with nothing but its configuration.
func (w *world) doctor(wrap []string, more ...string) (d diagnosis) {
	w.t.Helper()
	conf := strings.TrimSuffix(w.server.LogPath, ".log") + ".conf"
	out, status := w.onServer(wrap, "", append([]string{"doctor", "--json", "--server-conf", conf}, more...)...)
	if err := json.Unmarshal([]byte(out), &d); err != nil || d.Fine != (status == 0) {
		w.t.Fatalf("exit status %d, %v\n%s", status, err, out)
	}
	return d
}

// bad is what endangers users.
func (d diagnosis) bad() (mends []string) {
	for _, a := range d.Areas {
		for _, f := range a.Findings {
			if f.Severity != "note" {
				mends = append(mends, f.Severity+": "+f.What+": "+f.Mend)
			}
		}
	}
	return mends
}

// From an empty folder to a login with a code: the domain and the service account are
// all that is known.
func TestFromConfigInitToALogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{Cert: testbed.Cert{Name: "dc1.example.org", Hosts: []string{"dc1.example.org"}}})
	port := regexp.MustCompile(`[0-9]+$`).FindString(slapd.URL)
	dns, err := w.StartDNS("host-record=dc1.example.org,127.0.0.1", "srv-host=_ldap._tcp.example.org,dc1.example.org,"+port+",10")
	if err != nil {
		t.Fatal(err)
	}
	server := w.serve(testbed.ServerOptions{Wrap: dns.Wrap(), Extra: []string{"auth-gen-token 43200 external-auth", "group nogroup"}})
	if err := os.Remove(w.path("ldap.secret")); err != nil {
		t.Fatal(err)
	}
	flags := []string{
		"config", "init", "--backend", "ldap", "--domain", "example.org", "--bind-dn", testbed.LDAPBindDN, "--bind-password-stdin",
		"--required-group", testbed.LDAPVPNGroup, "--second-factor", "totp", "--state", "state.db",
		"--server-conf", strings.TrimSuffix(server.LogPath, ".log") + ".conf",
	}
	out, status := w.onServer(dns.Wrap(), testbed.LDAPBindSecret+"\n", flags...)
	shown := regexp.MustCompile(`hint: if that is your authority: (--ca-fingerprint) ([0-9A-F:]+);`).FindStringSubmatch(out)
	if status != 1 || shown == nil || strings.Contains(slapd.Log(), testbed.LDAPBindDN) {
		t.Fatalf("nobody told it whom to trust: exit status %d\n%s", status, out)
	}
	out, status = w.onServer(dns.Wrap(), testbed.LDAPBindSecret+"\n", append(flags, shown[1:]...)...)
	if status != 0 || !strings.Contains(out, "works: ldap://dc1.example.org:"+port) || strings.Contains(out, testbed.LDAPBindSecret) {
		t.Fatalf("exit status %d\n%s", status, out)
	}
	w.enroll("ada")
	c := w.Client(server, testbed.ClientOptions{})
	e := w.attempt(c, "ada", "lovelace-1815")
	w.want(e, testbed.Challenged, "")
	w.want(w.attempt(c, "ada", testbed.Dynamic(e.Challenge.State, w.code("ada"))), testbed.Connected, "")
	if bad := w.doctor(dns.Wrap()).bad(); len(bad) > 0 {
		t.Errorf("what works is told to be broken:\n%s", strings.Join(bad, "\n"))
	}
}

// What a real directory says to a configuration that is not right for it, and that
// what mends it does.
func TestDoctorOnARealDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{Global: "security simple_bind=64"})
	encrypted := slapd.TLSURL
	slapd.TLSURL = slapd.URL
	w.configure(ldapSection(slapd, `second_factor = "totp"`, ""))
	w.enroll("ada")
	w.serve(testbed.ServerOptions{Extra: []string{"auth-gen-token 43200 external-auth", "group nogroup"}})
	bad := w.doctor(nil).bad()
	if len(bad) != 1 || !strings.Contains(bad[0], "Confidentiality Required (13)") || !strings.HasSuffix(bad[0], ": ldap.start_tls = true in "+w.path("config.toml")) {
		t.Errorf("in the clear: %q", bad)
	}
	w.configure(ldapSection(slapd, `second_factor = "totp"`, "start_tls = true"))
	if bad := w.doctor(nil).bad(); len(bad) > 0 {
		t.Errorf("with StartTLS: %q", bad)
	}
	slapd.TLSURL = encrypted
	section := ldapSection(slapd, `second_factor = "totp"`, "")
	w.configure(strings.Replace(section, testbed.LDAPPeople, "ou=nobody,"+testbed.LDAPBase, 1))
	if bad := w.doctor(nil).bad(); len(bad) != 1 || !strings.HasSuffix(bad[0], `: ldap.base_dn = "`+testbed.LDAPBase+`" in `+w.path("config.toml")) {
		t.Errorf("another base: %q", bad)
	}
	w.configure(section)
	if err := slapd.Stop(); err != nil {
		t.Fatal(err)
	}
	if bad := w.doctor(nil).bad(); len(bad) != 1 || !strings.Contains(bad[0], "connection refused") {
		t.Errorf("nobody is there: %q", bad)
	}
}

// What doctor says of a profile without auth-retry interact is what such a client does.
func TestClientThatCannotBeAskedEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(ldapSection(w.Slapd(testbed.SlapdOptions{}), `second_factor = "totp"`, ""))
	w.enroll("ada")
	server := w.serve(testbed.ServerOptions{})
	c := w.Client(server, testbed.ClientOptions{Extra: []string{"auth-retry none"}})
	w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Challenged, "")
	w.want(w.next(c), testbed.Exited, "auth-failure")
	log, err := os.ReadFile(c.LogPath)
	if err != nil || !strings.Contains(string(log), "AUTH_FAILED,CRV1:") {
		t.Errorf("%v\n%s", err, log)
	}
}

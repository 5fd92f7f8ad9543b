//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// victim is an address that nobody logs in from: hostile names try to have it banned.
const victim = "198.51.100.99"

// hostileRecords are user names that look like our records in all their forms.
func hostileRecords() []string {
	rest := `ip=` + victim + ` backend=file server="" field=plain factor=none verdict=refused reason=wrong-password ms=1 cause="a`
	record := `level=WARN msg=login login=ABCDEFGHIJ user=x identity="" ` + rest + `"`
	fields := `"ip":"` + victim + `","backend":"file","server":"","field":"plain","factor":"none","verdict":"refused","reason":"wrong-password","ms":1`
	json := `{"level":"WARN","msg":"login","login":"ABCDEFGHIJ","user":"x","identity":"",` + fields + `}`
	names := []string{
		`ada ip=` + victim, `"ada" ip=` + victim, `x identity="" ` + rest, `x" identity="" ` + rest, `x\" identity="" ` + rest, `x\\" identity="" ` + rest,
		record, "time=2026-11-28T21:00:00.000Z " + record, "Nov 28 21:00:00 host ovpn-verify[1]: " + record, "\n" + record, "x\r" + record, "x\u2028" + record, "x\u0085" + record,
		`x","identity":"",` + fields + `}`, `x\",\"identity\":\"\",` + fields, json, `x"}` + "\n" + json, `Nov 28 21:00:00 host ovpn-verify[1]: ` + json,
		`\`, `"`, `\"`, `ü=`, "\xff\"" + rest, `$(` + record + `)`, `<ADDR>`, `%(_text)s`,
	}
	for i, name := range names {
		names[i] = name[:min(len(name), 256)] // more is refused unread
	}
	return names
}

// fail2ban is what the real one finds with our filter: an address for each guess.
func fail2ban(t *testing.T, log string) []string {
	t.Helper()
	filter, err := filepath.Abs("../../docs/fail2ban/filter.d/ovpn-verify.conf")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("fail2ban-regex", "-o", "ip", log, filter).CombinedOutput()
	if err != nil && len(out) > 0 {
		t.Fatalf("fail2ban-regex: %v\n%s", err, out)
	}
	found := strings.Fields(string(out))
	slices.Sort(found)
	return found
}

// guessers logs in from an address for each hostile name, with a wrong password, and
// from others what is no guess. It returns the addresses that guessed.
func (w *world) guessers() (addresses []string) {
	w.t.Helper()
	try := func(address, user, password string) {
		r, err := testbed.Call{Binary: binary, Config: w.path("config.toml"), ViaEnv: true, IP: address, Username: user, Password: password}.Run(w.t.Context())
		if err != nil || r.Status != 2 || r.Verdict == 0 {
			w.t.Errorf("%q: %+v, %v", user, r, err)
		}
	}
	for i, name := range hostileRecords() {
		address := fmt.Sprintf("203.0.113.%d", i+1)
		if i%2 == 1 {
			address = fmt.Sprintf("2001:db8::%x:1", i+1)
		}
		try(address, name, "a guess")
		if !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x85 || r == '\ufffd' }) {
			addresses = append(addresses, address)
		}
	}
	try("192.0.2.1", "ada", "lovelace-1815")
	try("192.0.2.2", "ada", "SCRV1:broken")
	try("192.0.2.3", "ada", "SESS_ID_AT_x")
	try("192.0.2.4", "ada", "a guess")
	return addresses
}

// Whatever a client calls itself, the address that guessed is found, and no other.
func TestFail2banFindsThoseWhoGuess(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			w := loggingWorld(t)
			w.write("config.toml", strings.Replace(read(w.path("config.toml")), "[log]\n", "[log]\nformat = \""+format+"\"\n", 1))
			w.run("lovelace-1815\n", "user", "add", "ada", "--password-stdin")
			w.give(w.path("users.toml"))
			want := append(w.guessers(), "192.0.2.4")
			slices.Sort(want)
			log := w.path("logs/login.log")
			waitFor(t, log, `192\.0\.2\.4`)
			if found := fail2ban(t, log); !slices.Equal(found, want) {
				t.Errorf("found %q\nwant %q\n%s", found, want, read(log))
			}
			w.behindServices(log, want)
		})
	}
}

// behindServices has the same records behind the prefixes that log services write, and
// among OpenVPN's own lines.
func (w *world) behindServices(log string, want []string) {
	w.t.Helper()
	stamp := time.Now().Format(time.Stamp)
	withoutTime := regexp.MustCompile(`(?m)^time=\S+ |(?m)^(\{)"time":"[^"]+",`).ReplaceAllString(read(log), "$1")
	for what, text := range map[string]string{
		"rsyslog's traditional form": prefixed(stamp+" gateway ovpn-verify[4711]: ", withoutTime),
		"rsyslog's form":             prefixed(time.Now().Format("2006-01-02T15:04:05.000000-07:00")+" gateway ovpn-verify[4711]: ", withoutTime),
		"the journal":                prefixed(stamp+" gateway ovpn-server[4711]: ", read(log)),
		"OpenVPN's file": strings.ReplaceAll(read(log), "\n", "\n"+time.Now().Format(time.DateTime)+
			" "+victim+":4000 TLS Auth Error: Auth Username/Password verification failed for peer\n"),
	} {
		path := w.Path("services.log")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			w.t.Fatal(err)
		}
		if found := fail2ban(w.t, path); !slices.Equal(found, want) {
			w.t.Errorf("%s: found %q\nwant %q\n%s", what, found, want, text)
		}
	}
}

func prefixed(prefix, text string) string {
	return prefix + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+prefix) + "\n"
}

// OpenVPN's own log, with our records in it, as the daemon writes it.
func TestFail2banReadsOpenVPNsLog(t *testing.T) {
	w := newWorld(t)
	w.write("config.toml", fileSection+"[state]\npath = \"state.db\"\n")
	w.run("lovelace-1815\n", "user", "add", "ada", "--password-stdin")
	w.give(w.path("users.toml"))
	client := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
	w.want(w.attempt(client, "level=WARN ip="+victim, "a guess"), testbed.Refused, refusedText)
	w.want(w.attempt(client, "ada", "a guess"), testbed.Refused, refusedText)
	w.want(w.attempt(client, "ada", "lovelace-1815"), testbed.Connected, "")
	path := w.Path("openvpn.copy")
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(w.server.Log(), "verdict=accepted"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("OpenVPN's log:\n%s", w.server.Log())
		}
	}
	if err := os.WriteFile(path, []byte(w.server.Log()), 0o600); err != nil {
		t.Fatal(err)
	}
	from := regexp.MustCompile(`(?m)^time=.* user=ada .* ip=(\S+) `).FindStringSubmatch(w.server.Log())
	if found := fail2ban(t, path); from == nil || !slices.Equal(found, []string{from[1], from[1]}) {
		t.Errorf("found %q\n%s", found, w.server.Log())
	}
}

// The jail is one that fail2ban takes, with the filter that it names.
func TestFail2banTakesTheJail(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "fail2ban")
	script := `cp -r /etc/fail2ban "$1" && rm -f "$1"/jail.d/* && cp ../../docs/fail2ban/filter.d/* "$1"/filter.d/ && cp ../../docs/fail2ban/jail.d/* "$1"/jail.d/ &&
		touch "$1"/login.log && sed -i "s#^logpath .*#logpath = $1/login.log#" "$1"/jail.d/ovpn-verify.conf && fail2ban-client -c "$1" --dump`
	out, err := exec.Command("sh", "-c", script, "sh", dir).CombinedOutput()
	for _, part := range []string{"['add', 'ovpn-verify', ", "level=WARN msg=login", "'maxretry', 30]", "['start', 'ovpn-verify']"} {
		if err != nil || !strings.Contains(string(out), part) {
			t.Fatalf("not there: %s, %v\n%s", part, err, out)
		}
	}
}

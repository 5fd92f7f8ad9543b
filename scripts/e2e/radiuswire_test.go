//go:build e2e

package e2e_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// What FreeRADIUS sees of a login, and what the user sees of its words.
func TestRADIUSAttributesSentAndWordsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	radius := w.Radius(testbed.RadiusOptions{Users: "eve Auth-Type := Reject\n\tReply-Message := \"Your token is locked.\"\n\n"})
	section := radiusSection(radius.Addr) + "attributes = [\"Called-Station-Id=vpn.example.org\", \"NAS-Port=1194\"]\n"
	w.configure(section + "show_reply_message = true\n")
	c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
	w.want(w.attempt(c, "eve", "any password"), testbed.Refused, "Your token is locked.")
	w.configure(section)
	w.want(w.attempt(c, "eve", "any password"), testbed.Refused, refusedText)
	w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Connected, "")
	w.logged(`user=ada .*verdict=accepted`)
	login := regexp.MustCompile(`msg=login login=(\S+) user=ada `).FindStringSubmatch(read(w.path("log")))[1]
	requests := strings.Split(strings.TrimSpace(radius.Arrived()), "\n\n")
	if len(requests) != 3 {
		t.Fatalf("%d requests:\n%s", len(requests), radius.Arrived())
	}
	lines := strings.Split(requests[2], "\n\t")
	if first := lines[2]; !regexp.MustCompile(`^Message-Authenticator = 0x[0-9a-f]{32}$`).MatchString(first) {
		t.Errorf("the first attribute is %s", first)
	}
	for _, want := range []string{
		`User-Name = "ada"`, `NAS-Identifier = "ovpn-verify"`, "NAS-IP-Address = 127.0.0.1", "NAS-Port-Type = Virtual",
		"Service-Type = Framed-User", `Calling-Station-Id = "10.99.0.2"`, `Called-Station-Id = "vpn.example.org"`,
		"NAS-Port = 1194", `Acct-Session-Id = "` + login + `"`,
	} {
		if !strings.Contains(requests[2]+"\n", "\t"+want+"\n") {
			t.Errorf("no %s in\n%s", want, requests[2])
		}
	}
}

// What is sent again is the same packet: the server looks at it once.
func TestRADIUSRetransmissionIsOneRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	radius := w.Radius(testbed.RadiusOptions{})
	w.configure(strings.NewReplacer(`"500ms"`, `"800ms"`, "retries = 1", "retries = 3").Replace(radiusSection(radius.Addr)))
	if err := radius.Pause(); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(2*time.Second, func() { _ = radius.Resume() }) // three packets are there
	r, err := w.callInside(testbed.Call{Username: "ada", Password: "lovelace-1815"})
	if err != nil || !r.Accepted() || r.Waited < 1500*time.Millisecond {
		t.Errorf("%+v, %v", r, err)
	}
	if n := strings.Count(radius.Arrived(), "Access-Request"); n != 1 {
		t.Errorf("%d requests:\n%s", n, radius.Arrived())
	}
}

// A server that may have called the user's phone is the last one asked; one that
// is not there is not.
func TestRADIUSOnePush(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.Radius(testbed.RadiusOptions{}), w.Radius(testbed.RadiusOptions{})
	w.configure(radiusSection(first.Addr, second.Addr) + "push = true\n")
	if err := first.Pause(); err != nil {
		t.Fatal(err)
	}
	call := testbed.Call{Username: "ada", Password: "lovelace-1815"}
	if r, err := w.callInside(call); err != nil || r.Verdict != '0' || r.Reason != unreachedText {
		t.Errorf("while the first is silent: %+v, %v", r, err)
	}
	if second.Arrived() != "" {
		t.Errorf("the second was asked:\n%s", second.Arrived())
	}
	w.logged(`verdict=unavailable .*no other server is asked`)
	w.end(first)
	for _, worker := range testbed.Workers(w.dir) {
		_ = worker.Kill() // a new one asks the first server first
	}
	if r, err := w.callInside(call); err != nil || !r.Accepted() {
		t.Errorf("while the first is not there: %+v, %v", r, err)
	}
}

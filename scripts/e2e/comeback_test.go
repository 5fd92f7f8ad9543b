//go:build e2e

package e2e_test

import (
	"strings"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// A directory goes away and comes back, in every way, while logins go on: right
// passwords are accepted or told to try again, wrong ones are never accepted,
// and the first login after each return succeeds.
func TestDirectoryGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{})
	w.configure(ldapSection(slapd, `second_factor = "none"`, `timeout = "3s"`))
	c := w.crowd("ada", "lovelace-1815", 12)
	for range 2 {
		c.outage("restart", slapd.Stop, slapd.Start, 200*time.Millisecond)
		c.outage("crash", slapd.Kill, slapd.Start, 200*time.Millisecond)
		c.outage("short silence", slapd.Pause, slapd.Resume, 200*time.Millisecond)
	}
	c.outage("silence", slapd.Pause, slapd.Resume, 4*time.Second)
	c.end(300)
	if c.seen["right: temporary"] == 0 {
		t.Error("nobody was told to try again")
	}
}

// Two directories take turns at it, and the one that stays lets everybody in.
func TestOneOfTwoDirectoriesGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.Slapd(testbed.SlapdOptions{}), w.Slapd(testbed.SlapdOptions{})
	section := ldapSection(one, `second_factor = "none"`, `timeout = "2s"`)
	w.configure(strings.Replace(section, one.TLSURL+`"`, one.TLSURL+`", "`+two.TLSURL+`"`, 1))
	c := w.crowd("ada", "lovelace-1815", 12)
	for _, slapd := range []*testbed.Slapd{one, two} {
		c.outage("restart", slapd.Stop, slapd.Start, 200*time.Millisecond)
	}
	for _, slapd := range []*testbed.Slapd{one, two} {
		c.outage("crash", slapd.Kill, slapd.Start, 200*time.Millisecond)
	}
	for _, slapd := range []*testbed.Slapd{one, two} {
		c.outage("silence", slapd.Pause, slapd.Resume, 2500*time.Millisecond)
	}
	c.end(300)
	if temporary := c.seen["right: temporary"]; temporary*20 > c.logins {
		t.Errorf("%d of %d logins were told to try again", temporary, c.logins)
	}
}

func TestRADIUSServerGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	radius := w.Radius(testbed.RadiusOptions{})
	w.configure(strings.Replace(radiusSection(radius.Addr), `"500ms"`, `"1500ms"`, 1)) // and one retry
	c := w.crowd("ada", "lovelace-1815", 8)
	c.outage("restart", radius.Stop, radius.Start, 200*time.Millisecond)
	c.outage("short silence", radius.Pause, radius.Resume, 200*time.Millisecond)
	c.outage("silence", radius.Pause, radius.Resume, 4*time.Second)
	c.outage("restart", radius.Stop, radius.Start, 200*time.Millisecond)
	c.end(100)
	if c.seen["right: temporary"] == 0 {
		t.Error("nobody was told to try again")
	}
}

// What the users of real clients see of it. The directory is away after a first
// login, so the worker has connections that are dead.
func TestClientsOfADirectoryThatGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{})
	w.configure(ldapSection(slapd, `second_factor = "none"`, `timeout = "3s"`))
	server := w.serve(testbed.ServerOptions{Extra: []string{"duplicate-cn"}})
	var clients [3]*testbed.Client
	for i := range clients {
		clients[i] = w.Client(server, testbed.ClientOptions{})
	}
	w.want(w.attempt(clients[0], "ada", "lovelace-1815"), testbed.Connected, "")
	for name, o := range map[string]struct{ away, back func() error }{
		"crash": {slapd.Kill, slapd.Start}, "silence": {slapd.Pause, slapd.Resume},
	} {
		if err := o.away(); err != nil {
			t.Fatal(name, err)
		}
		for _, c := range clients[1:] {
			if err := c.Login("ada", "lovelace-1815"); err != nil {
				t.Fatal(name, err)
			}
		}
		for _, c := range clients[1:] {
			w.want(w.next(c), testbed.Temporary, unavailableText)
		}
		if err := o.back(); err != nil {
			t.Fatal(name, err)
		}
		for _, c := range clients[1:] {
			if err := c.Retry(); err != nil {
				t.Fatal(name, err)
			}
			w.want(w.next(c), testbed.Connected, "")
			if err := c.Restart(); err != nil {
				t.Fatal(name, err)
			}
		}
	}
}

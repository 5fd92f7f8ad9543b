//go:build e2e

package e2e_test

import (
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

func TestEveryServerDown(t *testing.T) {
	for name, sections := range map[string]func(w *world) (config string, up func() error){
		"ldap": func(w *world) (string, func() error) {
			slapd := w.Slapd(testbed.SlapdOptions{})
			if err := slapd.Stop(); err != nil {
				t.Fatal(err)
			}
			return ldapSection(slapd, `second_factor = "none"`, ""), slapd.Start
		},
		"radius": func(w *world) (string, func() error) {
			radius := w.Radius(testbed.RadiusOptions{})
			if err := radius.Stop(); err != nil {
				t.Fatal(err)
			}
			return radiusSection(radius.Addr), radius.Start
		},
		"file": func(w *world) (string, func() error) {
			return fileSection, func() error {
				w.run("lovelace-1815\n", "user", "add", "ada", "--password-stdin")
				return nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			config, up := sections(w)
			w.configure(config)
			c := w.Client(w.serve(testbed.ServerOptions{}), testbed.ClientOptions{})
			w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Temporary, unavailableText)
			w.logged(`verdict=unavailable`)
			// The client has kept its credentials; once the server is back they do.
			if err := up(); err != nil {
				t.Fatal(err)
			}
			if err := c.Retry(); err != nil {
				t.Fatal(err)
			}
			w.want(w.next(c), testbed.Connected, "")
		})
	}
}

// While one login waits for a directory that does not answer for five seconds,
// the packets of another client go on.
func TestSlowDirectoryHoldsNobodyUp(t *testing.T) {
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{})
	w.configure(ldapSection(slapd, `second_factor = "none"`, `timeout = "10s"`))
	server := w.serve(testbed.ServerOptions{})
	connected := w.Client(server, testbed.ClientOptions{Tunnel: true})
	w.want(w.attempt(connected, "ada", "lovelace-1815"), testbed.Connected, "")
	idle := w.ping(connected, func() { time.Sleep(5 * time.Second) })

	waiting := w.Client(server, testbed.ClientOptions{})
	var e testbed.Event
	busy := w.ping(connected, func() {
		if err := slapd.Pause(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(5*time.Second, func() { _ = slapd.Resume() })
		e = w.attempt(waiting, "zoë", "pässwörd")
	})
	w.want(e, testbed.Connected, "")
	t.Logf("idle: %d pings, %d lost, slowest %v; while a login waited %v: %d pings, %d lost, slowest %v",
		idle.Sent, idle.Lost(), idle.Max(), e.Took.Round(time.Millisecond), busy.Sent, busy.Lost(), busy.Max())
	if e.Took < 5*time.Second {
		t.Errorf("the directory was not slow: %v", e.Took)
	}
	if busy.Lost() > 0 || busy.Max() > idle.Max()+50*time.Millisecond {
		t.Error("packets of a connected client were held up")
	}
}

func (w *world) ping(c *testbed.Client, during func()) testbed.PingResult {
	w.t.Helper()
	p, err := c.StartPing(w.server)
	if err != nil {
		w.t.Fatal(err)
	}
	during()
	r, err := p.Stop()
	if err != nil || r.Sent == 0 {
		w.t.Fatalf("%+v, %v", r, err)
	}
	return r
}

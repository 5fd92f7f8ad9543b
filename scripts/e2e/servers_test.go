//go:build e2e

package e2e_test

import (
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// threeServers configures a silent one, one that refuses connections, and one that answers.
var threeServers = map[string]func(w *world, timeout time.Duration) string{
	"ldap": func(w *world, timeout time.Duration) string {
		slapd, dead := w.Slapd(testbed.SlapdOptions{}), w.Slapd(testbed.SlapdOptions{})
		w.end(dead)
		section := ldapSection(slapd, `second_factor = "none"`, fmt.Sprintf("timeout = %q", timeout))
		return strings.Replace(section, `"`+slapd.TLSURL+`"`,
			fmt.Sprintf(`"ldaps://%s", %q, %q`, w.silent("tcp"), dead.TLSURL, slapd.TLSURL), 1)
	},
	"radius": func(w *world, timeout time.Duration) string {
		radius, dead := w.Radius(testbed.RadiusOptions{}), w.Radius(testbed.RadiusOptions{})
		w.end(dead)
		section := radiusSection(w.silent("udp"), dead.Addr, radius.Addr)
		return strings.Replace(section, `timeout = "500ms"`, fmt.Sprintf("timeout = %q", timeout/2), 1) // and one retry
	},
}

// Of three servers the first is silent and the second refuses connections: one
// login pays the first one's timeout, and the next nothing. We allow ourselves
// 100 ms besides, which the log shows; the bounds leave room for a busy machine.
func TestThreeServersOfWhichOneAnswers(t *testing.T) {
	const timeout = 2 * time.Second
	for name, section := range threeServers {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.configure(section(w, timeout))
			var took [3]time.Duration
			for i := range took {
				r, err := w.callInside(testbed.Call{Username: "ada", Password: "lovelace-1815"})
				if err != nil || !r.Accepted() {
					t.Fatalf("%+v, %v", r, err)
				}
				took[i] = r.Blocked + r.Waited
			}
			w.logged(`user=ada .*verdict=accepted reason="" ms=[0-9]{1,3}( |$)`)
			ms := w.milliseconds()
			t.Logf("the client's side: %v; in the worker's log: %v ms", took, ms)
			if first := time.Duration(ms[0]) * time.Millisecond; first < timeout || first > timeout*2 {
				t.Errorf("the first login took %v", first)
			}
			for _, next := range ms[1:] {
				if time.Duration(next)*time.Millisecond > timeout/2 {
					t.Errorf("a later login took %d ms", next)
				}
			}
		})
	}
}

func (w *world) end(server interface{ Stop() error }) {
	w.t.Helper()
	if err := server.Stop(); err != nil {
		w.t.Fatal(err)
	}
}

// silent is the address of a server that takes everything and says nothing.
func (w *world) silent(network string) string {
	w.t.Helper()
	var address net.Addr
	w.inServerNamespace(func() error {
		var socket io.Closer
		if network == "udp" {
			conn, err := net.ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			socket, address = conn, conn.LocalAddr()
		} else {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			socket, address = listener, listener.Addr()
		}
		w.t.Cleanup(func() { socket.Close() })
		return nil
	})
	return address.String()
}

// milliseconds are those of the log's logins, the first one first.
func (w *world) milliseconds() []int {
	var all []int
	for _, found := range regexp.MustCompile(`msg=login .* ms=([0-9]+)`).FindAllStringSubmatch(read(w.path("log")), -1) {
		ms, _ := strconv.Atoi(found[1])
		all = append(all, ms)
	}
	return all
}

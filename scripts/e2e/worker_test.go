//go:build e2e

package e2e_test

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// The login that a killed worker had ends with the neutral reason when the
// window closes; the next one finds another worker.
func TestKilledWorker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{})
	w.configure(ldapSection(slapd, `second_factor = "none"`, `timeout = "10s"`))
	server := w.serve(testbed.ServerOptions{HandWindow: 10 * time.Second})
	lost, next := w.Client(server, testbed.ClientOptions{}), w.Client(server, testbed.ClientOptions{})
	if err := slapd.Pause(); err != nil {
		t.Fatal(err)
	}
	if err := lost.Login("ada", "lovelace-1815"); err != nil {
		t.Fatal(err)
	}
	w.killOneWorker()
	if err := slapd.Resume(); err != nil {
		t.Fatal(err)
	}
	w.want(w.attempt(next, "zoë", "pässwörd"), testbed.Connected, "")
	e := w.next(lost)
	w.want(e, testbed.Temporary, unfinishedText)
	t.Logf("the lost login's user saw %v", e)
}

func (w *world) killOneWorker() {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if found := testbed.Workers(w.dir); len(found) > 0 {
			time.Sleep(200 * time.Millisecond) // so that it is in the middle of the login
			if err := found[0].Kill(); err != nil {
				w.t.Fatal(err)
			}
			return
		}
	}
	w.t.Fatal("no worker came")
}

// Fifty clients under the stock unit's process limit, against a directory that
// stands still for two seconds: everybody gets in, through one worker.
func TestFiftyLoginsUnderTheProcessLimit(t *testing.T) {
	w := newWorld(t)
	waitForNobody(t, w.uid)
	slapd := w.Slapd(testbed.SlapdOptions{})
	// The store is read for every login, and ada is not enrolled.
	w.configure(ldapSection(slapd, `second_factor = "totp"`, `timeout = "10s"`) + "[totp]\nunenrolled = \"allow\"\n")
	w.enroll("eve")
	server := w.serve(testbed.ServerOptions{Wrap: []string{"prlimit", "--nproc=10"}, Extra: []string{"duplicate-cn"}})
	clients := make([]*testbed.Client, 50)
	for i := range clients {
		clients[i] = w.Client(server, testbed.ClientOptions{})
	}
	w.secrets = append(w.secrets, "lovelace-1815")
	if err := slapd.Pause(); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(2*time.Second, func() { _ = slapd.Resume() })
	var mu sync.Mutex
	seen := map[string]int{}
	var wg sync.WaitGroup
	for _, c := range clients {
		wg.Go(func() {
			what := "nothing"
			if err := c.Login("ada", "lovelace-1815"); err != nil {
				what = err.Error()
			} else if e, err := c.Next(eventTimeout); err == nil {
				what = string(e.Kind)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[what]++
		})
	}
	wg.Wait()
	stalls := server.Stalls()
	slices.Sort(stalls)
	t.Logf("fifty clients saw %v, %d workers; the daemon stood still for %v (median), %v at most",
		seen, len(testbed.Workers(w.dir)), stalls[len(stalls)/2], stalls[len(stalls)-1])
	if seen["connected"] != len(clients) || len(testbed.Workers(w.dir)) != 1 {
		t.Error("not everybody got in through one worker")
	}
}

// waitForNobody waits until the processes of earlier tests are gone. Those that
// their parent has not waited for count against the limit, too.
func waitForNobody(t *testing.T, uid uint32) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		var left []string
		paths, _ := filepath.Glob("/proc/[0-9]*")
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && info.Sys().(*syscall.Stat_t).Uid == uid {
				left = append(left, path)
			}
		}
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still there: %v", left)
		}
	}
}

//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// Five hundred logins wait at once, in one worker, for a directory that has
// stood still: all are accepted, over no more connections than max_concurrent
// allows, of which those that search are used again.
func TestStormOnADirectory(t *testing.T) {
	const logins, concurrent = 500, 64
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{})
	w.configure(ldapSection(slapd, `second_factor = "none"`, `timeout = "20s"`) +
		fmt.Sprintf("[worker]\nmax_concurrent = %d\n", concurrent))
	w.secrets = append(w.secrets, "lovelace-1815")
	call := testbed.Call{Username: "ada", Password: "lovelace-1815"}
	if r, err := w.callInside(call); err != nil || !r.Accepted() {
		t.Fatalf("%+v, %v", r, err)
	}
	worker, before := w.oneWorker().PID, len(slapd.Log())
	if err := slapd.Pause(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	waiting := w.start(call, logins)
	handed := time.Since(began)
	open := watchConnections(worker, slapd.TLSURL)
	if err := slapd.Resume(); err != nil {
		t.Fatal(err)
	}
	resumed := time.Now()
	accepted := w.accepted(waiting)
	took, most := time.Since(resumed), open()
	s := stats(slapd.Log()[before:])
	t.Logf("%d of %d logins accepted: handed over in %v, all answered %v after the directory went on; the worker: %s",
		accepted, logins, handed.Round(time.Millisecond), took.Round(time.Millisecond), memory(worker))
	t.Logf("connections: %d at once in the worker, %d at once in slapd's log; %d bound as users, %d new ones for %d searches",
		most, s.atOnce, s.users, s.opened-s.users, s.searches)
	switch {
	case accepted != logins || w.oneWorker().PID != worker:
		t.Error("not everybody got in through one worker")
	case most > concurrent || most == 0:
		t.Errorf("%d connections at once; %d are allowed", most, concurrent)
	case s.users != logins || s.searches < logins || s.opened-s.users > concurrent/4:
		t.Errorf("the searching connections were not used again: %+v", s)
	}
}

// memory is a process's, and its threads.
func memory(pid int) string {
	status := read(fmt.Sprintf("/proc/%d/status", pid))
	found := regexp.MustCompile(`(?:VmHWM|VmRSS|Threads):\s+\d+(?: kB)?`).FindAllString(status, -1)
	return strings.Join(strings.Fields(strings.Join(found, ", ")), " ")
}

// start hands calls over, some at a time, and returns when all programs have ended.
func (w *world) start(call testbed.Call, count int) []*testbed.Deferred {
	w.t.Helper()
	call.Binary, call.Config, call.Dir = binary, w.path("config.toml"), w.t.TempDir()
	started := make([]*testbed.Deferred, count)
	var starting sync.WaitGroup
	const fronts = 8
	for i := range fronts {
		starting.Go(func() {
			err := w.enter(func() (err error) {
				for n := i; n < count && err == nil; n += fronts {
					started[n], err = call.Start(w.t.Context())
				}
				return err
			})
			if err != nil {
				w.t.Error(err)
			}
		})
	}
	starting.Wait()
	return slices.DeleteFunc(started, func(d *testbed.Deferred) bool { return d == nil })
}

func (w *world) accepted(waiting []*testbed.Deferred) int {
	results := make([]testbed.Result, len(waiting))
	var answered sync.WaitGroup
	for i, d := range waiting {
		answered.Go(func() { results[i], _ = d.Wait(w.t.Context()) })
	}
	answered.Wait()
	accepted := 0
	for _, r := range results {
		if r.Accepted() {
			accepted++
		} else {
			w.t.Errorf("not accepted: %+v", r)
		}
	}
	return accepted
}

// watchConnections counts the worker's connections to a server, every few
// milliseconds until it is asked for the most there were.
func watchConnections(pid int, url string) (most func() int) {
	port, _ := strconv.Atoi(url[strings.LastIndexByte(url, ':')+1:])
	// Remote address, SYN_SENT or ESTABLISHED, and the inode (proc(5), net/tcp).
	line := regexp.MustCompile(fmt.Sprintf(`(?m)^ *\d+: \S+ [0-9A-F]{8}:%04X 0[12] \S+ \S+ \S+ +\d+ +\d+ ([1-9]\d*) `, port))
	stop, count := make(chan struct{}), make(chan int)
	go func() {
		highest := 0
		for {
			connections := line.FindAllStringSubmatch(read(fmt.Sprintf("/proc/%d/net/tcp", pid)), -1)
			highest = max(highest, ownedBy(pid, connections))
			select {
			case <-stop:
				count <- highest
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() int { close(stop); return <-count }
}

func ownedBy(pid int, connections [][]string) int {
	sockets := map[string]bool{}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, file := range files {
		name, _ := os.Readlink(file)
		sockets[name] = true
	}
	owned := 0
	for _, c := range connections {
		if sockets["socket:["+c[1]+"]"] {
			owned++
		}
	}
	return owned
}

// slapdStats is what slapd's log tells of a time in which nothing else asked it.
type slapdStats struct{ opened, atOnce, users, searches int }

func stats(log string) slapdStats {
	var s slapdStats
	open := map[string]bool{}
	for line := range strings.Lines(log) {
		connection, event, _ := strings.Cut(line[strings.Index(line, "conn=")+1:], " ")
		switch {
		case strings.Contains(event, "ACCEPT from IP="):
			open[connection] = true
			s.opened++
			s.atOnce = max(s.atOnce, len(open))
		case strings.Contains(event, " closed"):
			delete(open, connection)
		case strings.Contains(event, `BIND dn="uid=`) && strings.Contains(event, "method=128"):
			s.users++
		case strings.Contains(event, "SRCH base="):
			s.searches++
		}
	}
	return s
}

//go:build e2e

package e2e_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// loggingWorld has a log in a folder of its own. The worker becomes nobody, as
// under OpenVPN, and is confined to its files.
func loggingWorld(t *testing.T) *world {
	w := newWorld(t)
	logs := w.path("logs")
	if err := os.Mkdir(logs, 0o750); err != nil {
		t.Fatal(err)
	}
	w.give(logs)
	w.write("config.toml", fileSection+`[worker]
user = "nobody"
[state]
path = "state.db"
[log]
to = "logs/login.log"
`)
	return w
}

// loginsWhile makes logins, each of a user of its own, until what it is given has
// ended, and returns how many.
func (w *world) loginsWhile(during func()) (logins int) {
	w.t.Helper()
	var stop atomic.Bool
	var number atomic.Int32
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for !stop.Load() {
				name := fmt.Sprintf("user-%d", number.Add(1))
				r, err := testbed.Call{Binary: binary, Config: w.path("config.toml"), Username: name, Password: "SCRV1:broken"}.Run(w.t.Context())
				if err != nil || r.Verdict != '0' {
					w.t.Errorf("%s: %+v, %v", name, r, err)
				}
			}
		})
	}
	during()
	stop.Store(true)
	wg.Wait()
	time.Sleep(500 * time.Millisecond) // a record is written after its verdict
	return int(number.Load())
}

// logrotate runs with our example, turned to this world's folder.
func (w *world) logrotate(change func(string) string) {
	w.t.Helper()
	content, err := os.ReadFile("../../docs/logrotate/ovpn-verify")
	if err != nil {
		w.t.Fatal(err)
	}
	text := strings.NewReplacer("/var/log/ovpn-verify/", w.path("logs")+"/", "su ovpn-verify ovpn-verify", "su nobody nogroup").Replace(string(content))
	if err := os.WriteFile(w.Path("logrotate.conf"), []byte(change(text)), 0o644); err != nil {
		w.t.Fatal(err)
	}
	out, err := exec.Command("/usr/sbin/logrotate", "--force", "--state", w.Path("logrotate.state"), w.Path("logrotate.conf")).CombinedOutput()
	if err != nil || len(out) > 0 {
		w.t.Errorf("logrotate: %v\n%s", err, out)
	}
}

var recordOfUser = regexp.MustCompile(`^time=\S+ level=WARN msg=login login=\w+ user=(user-\d+) .* reason=malformed ms=\d+ cause=".*"\n$`)

// records counts those of each user in the log and all that it was before. Every
// line has to be one.
func (w *world) records() map[string]int {
	w.t.Helper()
	found := map[string]int{}
	paths, _ := filepath.Glob(w.path("logs") + "/login.log*")
	for _, path := range paths {
		for line := range strings.Lines(w.unpacked(path)) {
			record := recordOfUser.FindStringSubmatch(line)
			if record == nil {
				w.t.Errorf("%s: no record: %q", path, line)
				continue
			}
			found[record[1]]++
		}
	}
	return found
}

func (w *world) unpacked(path string) string {
	w.t.Helper()
	f, err := os.Open(path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			w.t.Fatal(err)
		}
	}
	content, err := io.ReadAll(r)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(content)
}

// The real logrotate moves the log away, again and again, while people log in: each
// login has its record, once.
func TestLogrotateLosesNoRecord(t *testing.T) {
	w := loggingWorld(t)
	const rotations = 11 // of twelve that are kept
	logins := w.loginsWhile(func() {
		for range rotations {
			w.waitForLog()
			time.Sleep(100 * time.Millisecond)
			w.logrotate(func(text string) string { return text })
		}
		w.waitForLog()
	})
	found := w.records()
	for i := range logins {
		if name := fmt.Sprintf("user-%d", i+1); found[name] != 1 {
			t.Errorf("%d records of %s", found[name], name)
		}
	}
	paths, _ := filepath.Glob(w.path("logs") + "/*.gz")
	t.Logf("%d logins; %d packed files", logins, len(paths))
	if len(paths) != rotations-1 {
		t.Errorf("%d packed files: %q", len(paths), paths)
	}
	for _, path := range append(paths, w.path("logs")+"/login.log") {
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o640 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

// waitForLog waits until there is something to rotate.
func (w *world) waitForLog() {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if info, err := os.Stat(w.path("logs") + "/login.log"); err == nil && info.Size() > 0 {
			return
		}
	}
	w.t.Fatal("nothing is logged")
}

// With copytruncate logrotate itself loses what comes between its copy and its cut,
// as it says; what is written afterwards is whole, and no hole of zeros is before it.
func TestLogrotateByCopyTruncate(t *testing.T) {
	w := loggingWorld(t)
	logins := w.loginsWhile(func() {
		for range 5 {
			w.waitForLog()
			w.logrotate(func(text string) string { return strings.Replace(text, "nocreate", "copytruncate", 1) })
		}
		w.waitForLog()
	})
	found := w.records()
	for name, n := range found {
		if n != 1 {
			t.Errorf("%d records of %s", n, name)
		}
	}
	t.Logf("%d logins, %d records", logins, len(found))
	if len(found) < logins/2 {
		t.Errorf("%d records of %d logins", len(found), logins)
	}
}

package status

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/trace"
)

// TestMain is also the worker that others start and kill.
func TestMain(m *testing.M) {
	if path := os.Getenv("STATUS_TEST_WORKER"); path != "" {
		os.Exit(beWorker(path))
	}
	os.Exit(m.Run())
}

// beWorker counts ten logins, and stays when it is told to.
func beWorker(path string) int {
	r := Start(Options{Path: path, Backend: "ldap", Worker: Worker{PID: os.Getpid()}, Failed: func(err error) { fmt.Println(err) }})
	for range 10 {
		r.Began()
		r.Login("accepted", "", time.Millisecond)
	}
	if os.Getenv("STATUS_TEST_STAYS") != "" {
		time.Sleep(time.Minute)
	}
	for range 100 { // others hold the lock, each for a moment
		if r.Close(); !r.broken {
			return 0
		}
	}
	return 1
}

func process(path string, stays bool) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "STATUS_TEST_WORKER="+path)
	if stays {
		cmd.Env = append(cmd.Env, "STATUS_TEST_STAYS=1")
	}
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd
}

func start(t *testing.T, o Options) *Recorder {
	t.Helper()
	o.Backend = "ldap"
	o.Failed = func(err error) { t.Errorf("%v", err) }
	r := Start(o)
	t.Cleanup(r.Close)
	return r
}

func TestEveryWorkersLoginsAreCounted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db.status")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := process(path, false).Run(); err != nil {
				t.Errorf("%v", err)
			}
		})
	}
	wg.Wait()
	s, err := Read(path)
	if err != nil || len(s.Logins) != 1 || s.Logins[0].Count != 200 || s.Took.Count() != 200 || len(s.Workers) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// A worker is there from its first write until it ends, whichever way.
func TestKilledWorkerIsNotThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db.status")
	cmd := process(path, true)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var s Snapshot
	for deadline := time.Now().Add(10 * time.Second); len(s.Workers) == 0 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		s, _ = Read(path)
	}
	if len(s.Workers) != 1 || s.Workers[0].PID != cmd.Process.Pid {
		t.Errorf("%+v", s)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if s, err := Read(path); err != nil || len(s.Workers) != 0 || s.Logins[0].Count != 10 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestServersAreUpWhenTheyAnswer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	r := start(t, Options{Path: path})
	ask := func(name string, err error) Server {
		r.Step(trace.Step{Name: name, Server: "dc1", Took: 3 * time.Millisecond, Err: err})
		r.write()
		s, err := Read(path)
		if err != nil || len(s.Servers) != 1 {
			t.Fatalf("%+v, %v", s, err)
		}
		return s.Servers[0]
	}
	if v := ask("search", errors.New("no\nanswer")); v.Up || v.Cause != "no answer" || v.Failed != 1 || !v.Answered.IsZero() {
		t.Errorf("%+v", v)
	}
	if v := ask("connect", nil); v.Up {
		t.Errorf("a connection is no answer: %+v", v)
	}
	up := ask("bind user", fmt.Errorf("no: %w", primary.WrongPassword))
	if !up.Up || up.Answered.IsZero() || up.Last != 3*time.Millisecond || up.Took.Count() != 3 || up.Failed != 1 {
		t.Errorf("%+v", up)
	}
	if v := ask("search", nil); !v.Changed.Equal(up.Changed) {
		t.Errorf("up since %v, then %v", up.Changed, v.Changed)
	}
	if v := ask("search", &primary.ChallengeError{}); !v.Up || v.Cause != "no answer" {
		t.Errorf("%+v", v)
	}
}

// The disk is full, the folder is gone, somebody sits on the lock: that is told once,
// delays nobody, and what was counted meanwhile is written afterwards.
func TestWhatCannotBeWrittenIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	var told []error
	r := Start(Options{Path: filepath.Join(dir, "s"), Backend: "ldap", Failed: func(err error) { told = append(told, err) }})
	for range 3 {
		r.Began()
		r.Login("refused", "wrong-password", time.Millisecond)
		r.write()
	}
	if len(told) != 1 {
		t.Errorf("%q", told)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r.write()
	other, err := os.Open(r.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := syscall.Flock(int(other.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	r.Began()
	r.Login("refused", "wrong-password", time.Millisecond)
	if took := time.Since(began); took > 100*time.Millisecond {
		t.Errorf("a login waited for %v", took)
	}
	r.Close()
	if took := time.Since(began); took > 2*lastWrite {
		t.Errorf("the end waited for %v", took)
	}
	if err := syscall.Flock(int(other.Fd()), syscall.LOCK_UN); err != nil {
		t.Fatal(err)
	}
	r.write()
	if s, err := Read(r.Path); err != nil || s.Logins[0].Count != 4 || len(told) != 2 {
		t.Errorf("%+v, %v, told %q", s, err, told)
	}
}

func TestTornFileIsBegunAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for _, content := range []string{"", "{", `{"Since":1}`, strings.Repeat("x", maxFile+1)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil {
			t.Errorf("%.20q is read", content)
		}
		r := start(t, Options{Path: path})
		r.Began()
		r.Login("accepted", "", time.Millisecond)
		r.Close()
		if s, err := Read(path); err != nil || s.Logins[0].Count != 1 || time.Since(s.Since) > time.Minute {
			t.Errorf("after %.20q: %+v, %v", content, s, err)
		}
	}
}

// The folder may belong to whom the worker does not trust with root's files.
func TestLinkIsNotFollowed(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "precious")
	if err := os.WriteFile(target, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"s", "m.prom", "m.prom.new"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	failed := 0
	r := Start(Options{Path: filepath.Join(dir, "s"), Failed: func(error) { failed++ }})
	r.Close()
	r = Start(Options{Path: filepath.Join(dir, "s2"), Textfile: filepath.Join(dir, "m.prom"), Failed: func(error) { failed++ }})
	r.Close()
	if content, err := os.ReadFile(target); err != nil || string(content) != "precious" || failed != 1 {
		t.Errorf("%q, %v, %d failures", content, err, failed)
	}
	if _, err := Read(filepath.Join(dir, "s")); err == nil {
		t.Error("a link is read")
	}
}

func TestTheNumberOfServersIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	r := start(t, Options{Path: path})
	for i := range 3 * maxServers {
		r.Step(trace.Step{Name: "search", Server: strconv.Itoa(i)})
	}
	r.write()
	if s, err := Read(path); err != nil || len(s.Servers) != maxServers {
		t.Errorf("%d servers, %v", len(s.Servers), err)
	}
}

package state

import (
	"bufio"
	"errors"
	"testing"
	"time"
)

// A killed worker told nobody what became of its attempts; the user's next login
// does not wait for them.
func TestAttemptWhoseProcessDiedIsForgotten(t *testing.T) {
	s := newStore(t)
	cmd := process(t, "begin", s.path)
	stdin, err := cmd.StdinPipe()
	must(t, err)
	defer stdin.Close()
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for range user.Most {
		if !lines.Scan() || lines.Text() != "<nil>" {
			t.Fatalf("the other process says %q", lines.Text())
		}
	}
	begin := func() error {
		return s.BeginAttempt(t.Context(), "ours", []Counter{user}, now, now.Add(time.Minute))
	}
	if err := begin(); !errors.Is(err, ErrBusy) {
		t.Errorf("while they are under way: %v", err)
	}
	must(t, cmd.Process.Kill())
	for deadline := time.Now().Add(5 * time.Second); begin() != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a zombie's attempts are still under way") // nobody has waited for it yet
		}
	}
	_ = cmd.Wait()
	must(t, s.EndAttempt(t.Context(), "ours", []Ended{{user, Failed}}, now))
	must(t, s.Locked(t.Context(), []Counter{user}, now.Add(time.Minute)))
}

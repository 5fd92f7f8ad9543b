package state

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestOfTwentyGoroutinesOneSpends(t *testing.T) {
	s := newStore(t)
	must(t, s.PutChallenge(t.Context(), "id", question, now))
	var spent, taken atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := s.SpendStep(t.Context(), "ada", 7, Counter{}, now); err == nil {
				spent.Add(1)
			} else if !errors.Is(err, ErrSpent) {
				t.Error(err)
			}
			if _, err := s.TakeChallenge(t.Context(), "id", now); err == nil {
				taken.Add(1)
			} else if !errors.Is(err, ErrNotFound) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if spent.Load() != 1 || taken.Load() != 1 {
		t.Errorf("%d spent, %d took", spent.Load(), taken.Load())
	}
}

const processes = 20

func TestOfTwentyProcessesOneSpends(t *testing.T) {
	s := newStore(t) // the file is missing: they also race to make it
	if got := race(t, "spend", s.path); got["<nil>"] != 1 || got[ErrSpent.Error()] != processes-1 {
		t.Errorf("spent: %v", got)
	}
	must(t, s.PutChallenge(t.Context(), "id", question, now))
	if got := race(t, "take", s.path); got["<nil>"] != 1 || got[ErrNotFound.Error()] != processes-1 {
		t.Errorf("took: %v", got)
	}
}

// race starts the processes, lets them go at once and counts what they say.
func race(t *testing.T, role, path string) map[string]int {
	t.Helper()
	var cmds []*exec.Cmd
	var gates []io.Closer
	var outs []*strings.Builder
	for range processes {
		cmd := process(t, role, path)
		gate, err := cmd.StdinPipe()
		must(t, err)
		out := &strings.Builder{}
		cmd.Stdout = out
		must(t, cmd.Start())
		cmds, gates, outs = append(cmds, cmd), append(gates, gate), append(outs, out)
	}
	for _, gate := range gates {
		gate.Close()
	}
	said := map[string]int{}
	for i, cmd := range cmds {
		must(t, cmd.Wait())
		said[strings.TrimSpace(outs[i].String())]++
	}
	return said
}

func TestKilledWriterLeavesAStoreThatRemembers(t *testing.T) {
	s := newStore(t)
	next := uint64(1)
	for range 6 {
		cmd := process(t, "write", s.path, strconv.FormatUint(next, 10))
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines := bufio.NewScanner(out)
		if !lines.Scan() { // it runs
			t.Fatal("the writer said nothing")
		}
		time.AfterFunc(time.Duration(rand.IntN(60_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		last := lines.Text()
		for lines.Scan() {
			last = lines.Text()
		}
		_ = cmd.Wait()
		step, err := strconv.ParseUint(last, 10, 64)
		if err != nil {
			t.Fatalf("the writer said %q", last)
		}
		if err := s.SpendStep(t.Context(), "ada", step, Counter{}, now); !errors.Is(err, ErrSpent) {
			t.Fatalf("step %d, which the killed writer was told is spent: %v", step, err)
		}
		next = step + 2 // it may have spent one more before it could say so
		must(t, s.SpendStep(t.Context(), "ada", next, Counter{}, now))
		next++
	}
}

// hold has another process keep the lock until free is called, two seconds at most.
func hold(t *testing.T, path string) (free func()) {
	t.Helper()
	holder := process(t, "hold", path)
	in, err := holder.StdinPipe()
	must(t, err)
	out, err := holder.StdoutPipe()
	must(t, err)
	must(t, holder.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "<nil>\n" {
		t.Fatalf("the holder said %q, %v", line, err)
	}
	time.AfterFunc(2*time.Second, func() { in.Close() })
	t.Cleanup(func() { in.Close(); _ = holder.Wait() })
	return func() { in.Close() }
}

func TestDeadlineHoldsWhileAnotherProcessHasTheLock(t *testing.T) {
	s := newStore(t)
	must(t, s.SpendStep(t.Context(), "ada", 1, Counter{}, now))
	free := hold(t, s.path)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	err := s.SpendStep(ctx, "ada", 3, Counter{}, now)
	if !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), s.path) {
		t.Errorf("while it is locked: %v", err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("gave up after %v", took)
	}
	later := make(chan error)
	go func() { later <- s.SpendStep(context.Background(), "ada", 2, Counter{}, now) }()
	time.Sleep(20 * time.Millisecond)
	free()
	// Step 2 is accepted, so step 3, whose caller gave up, was not spent after all.
	if err := <-later; err != nil {
		t.Errorf("after the lock was free: %v", err)
	}
}

func TestNobodyTriesForTheLockWhenNobodyWaits(t *testing.T) {
	s := newStore(t)
	must(t, s.SpendStep(t.Context(), "ada", 1, Counter{}, now))
	hold(t, s.path)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := s.SpendStep(ctx, "ada", 2, Counter{}, now); !errors.Is(err, ErrUnavailable) {
		t.Errorf("while it is locked: %v", err)
	}
	s.Close()
	if took := time.Since(began); took > time.Second {
		t.Errorf("tried for %v", took)
	}
}

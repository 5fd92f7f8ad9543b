package testbed

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"
)

const (
	stopGrace = 5 * time.Second
	pollEvery = 10 * time.Millisecond
	tailLines = 30
)

// process is a child with its output in a log file.
type process struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{}
	err  error // of Wait; read it after done is closed
}

// spawn starts cmd with its output appended to the file log. The kernel kills
// the child when this program dies without stopping it.
func spawn(cmd *exec.Cmd, log string) (*process, error) {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cmd.Stdout, cmd.Stderr = f, f
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, log: log, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// stop ends the process by its pid, first politely.
func (p *process) stop() error {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := p.cmd.Process.Signal(signal); errors.Is(err, os.ErrProcessDone) {
			return nil
		}
		select {
		case <-p.done:
			return nil
		case <-time.After(stopGrace):
		}
	}
	return fmt.Errorf("%s (pid %d) does not end", p.cmd.Path, p.cmd.Process.Pid)
}

// kill ends the process without asking it.
func (p *process) kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(stopGrace):
		return fmt.Errorf("%s (pid %d) does not end", p.cmd.Path, p.cmd.Process.Pid)
	}
}

// exited tells whether the process has ended.
func (p *process) exited() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// waitLog waits until the log matches re and returns what matched, with groups.
func (p *process) waitLog(re *regexp.Regexp, timeout time.Duration) ([]string, error) {
	deadline := time.Now().Add(timeout)
	for {
		ended := p.exited() // before the log is read, so that last words count
		if m := re.FindStringSubmatch(readText(p.log)); m != nil {
			return m, nil
		}
		if ended {
			return nil, withTail(fmt.Errorf("%s ended early: %v", p.cmd.Path, p.err), p.log)
		}
		if time.Now().After(deadline) {
			return nil, withTail(fmt.Errorf("nothing in the log matches %q within %v", re, timeout), p.log)
		}
		time.Sleep(pollEvery)
	}
}

// poll calls ready until it answers true.
func poll(timeout time.Duration, ready func() bool) error {
	for deadline := time.Now().Add(timeout); !ready(); time.Sleep(pollEvery) {
		if time.Now().After(deadline) {
			return errTimeout
		}
	}
	return nil
}

// output runs cmd and returns what it prints; an error has that in it.
func output(cmd *exec.Cmd) (string, error) {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(out))
	}
	return string(out), nil
}

// readText is the file's content; a file that is not there yet is empty.
func readText(path string) string {
	b, _ := os.ReadFile(path)
	return string(b)
}

func tail(path string) string {
	lines := strings.Split(strings.TrimRight(readText(path), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}

package testbed

import (
	"bytes"
	"cmp"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startByStarters has AtOnce processes start the programs, each its part of them: a
// daemon is small, of one thread, and in a session of its own.
func (s Storm) startByStarters(prepared []*Prepared) ([]Passed, error) {
	starters := max(1, s.AtOnce)
	passed, errs := make([]Passed, len(prepared)), make([]error, starters)
	var running sync.WaitGroup
	for n := range starters {
		running.Go(func() {
			var input bytes.Buffer
			for i := n; i < len(prepared); i += starters {
				writeCall(&input, append([]string{s.Calls[i].Binary}, prepared[i].Args...), prepared[i].Env)
			}
			var parts []Passed
			parts, errs[n] = s.byStarter(&input)
			for i, p := range parts {
				passed[n+i*starters] = p
			}
		})
	}
	running.Wait()
	return passed, cmp.Or(errs...) // one is enough to read
}

func writeCall(to *bytes.Buffer, argv, env []string) {
	fmt.Fprintf(to, "%d\x00%d\x00", len(argv), len(env))
	for _, text := range slices.Concat(argv, env) {
		to.WriteString(text)
		to.WriteByte(0)
	}
}

func (s Storm) byStarter(input *bytes.Buffer) ([]Passed, error) {
	cmd := exec.Command(s.Starter, strconv.FormatInt(s.Pause.Microseconds(), 10), strconv.FormatInt(s.Work.Microseconds(), 10))
	cmd.Dir, cmd.Env, cmd.Stdin = "/", []string{}, input
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("testbed: %s: %w", s.Starter, err)
	}
	var passed []Passed
	for line := range strings.Lines(string(out)) {
		var began, blocked int64
		var status syscall.WaitStatus
		if _, err := fmt.Sscan(line, &began, &blocked, &status); err != nil {
			return nil, fmt.Errorf("testbed: %s: %q: %w", s.Starter, line, err)
		}
		passed = append(passed, Passed{Began: time.Unix(0, began), Blocked: time.Duration(blocked), Status: status.ExitStatus()})
	}
	return passed, nil
}

package testbed

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// startByDaemon has one process of a single thread start all programs, one after
// the other, as OpenVPN does: inside its limits, and it ends when it cannot fork.
func (s Storm) startByDaemon(prepared []*Prepared) ([]Passed, error) {
	script, statuses := filepath.Join(s.Dir, "daemon.sh"), filepath.Join(s.Dir, "daemon.status")
	var lines strings.Builder
	for i, p := range prepared {
		for _, variable := range p.Env {
			name, value, _ := strings.Cut(variable, "=")
			fmt.Fprintf(&lines, "%s=%s ", name, shellWord(value))
		}
		fmt.Fprint(&lines, shellWord(s.Calls[i].Binary))
		for _, argument := range p.Args {
			fmt.Fprint(&lines, " ", shellWord(argument))
		}
		fmt.Fprint(&lines, "\necho $?\n")
	}
	if err := os.WriteFile(script, []byte(lines.String()), 0o755); err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	began := time.Now()
	err := s.daemon(script, statuses)
	passed := make([]Passed, len(prepared))
	for i := range passed {
		passed[i] = Passed{Began: began, Status: -1}
	}
	for i, line := range strings.Fields(readText(statuses)) {
		_, _ = fmt.Sscan(line, &passed[i].Status)
	}
	return passed, withTail(err, s.daemonLog())
}

func (s Storm) daemonLog() string { return filepath.Join(s.Dir, "daemon.log") }

func (s Storm) daemon(script, statuses string) error {
	out, err := os.Create(statuses)
	if err != nil {
		return fmt.Errorf("testbed: %w", err)
	}
	defer out.Close()
	log, err := os.Create(s.daemonLog())
	if err != nil {
		return fmt.Errorf("testbed: %w", err)
	}
	defer log.Close()
	argv := slices.Concat(s.Daemon, []string{"/bin/sh", script})
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", []string{}, out, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("testbed: the daemon: %w", err)
	}
	return nil
}

func shellWord(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

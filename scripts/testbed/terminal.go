package testbed

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Terminal is a pseudo-terminal with somebody in front of it.
type Terminal struct {
	master *os.File
	cmd    *exec.Cmd
	output chan string
	Shown  string // so far
}

// StartOnTerminal runs cmd with a terminal of so many rows and 80 columns as its
// input, its output and what controls it.
func StartOnTerminal(cmd *exec.Cmd, rows uint16) (*Terminal, error) {
	master, slave, err := openTerminal(rows)
	if err != nil {
		return nil, fmt.Errorf("testbed: pseudo-terminal: %w", err)
	}
	defer slave.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		master.Close()
		return nil, err
	}
	t := &Terminal{master: master, cmd: cmd, output: make(chan string)}
	go t.read()
	return t, nil
}

func openTerminal(rows uint16) (master, slave *os.File, err error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	master = os.NewFile(uintptr(fd), "/dev/ptmx")
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	err = errors.Join(err, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0),
		unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: 80}))
	if err == nil {
		slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		master.Close()
	}
	return master, slave, err
}

// read ends with an error (EIO) when the last process has closed the terminal.
func (t *Terminal) read() {
	defer close(t.output)
	buffer := make([]byte, 4096)
	for {
		n, err := t.master.Read(buffer)
		t.output <- string(buffer[:n])
		if err != nil {
			return
		}
	}
}

// Expect waits until what was shown since the last call matches.
func (t *Terminal) Expect(expression string) error {
	re, from := regexp.MustCompile(expression), len(t.Shown)
	for timeout := time.After(20 * time.Second); ; {
		select {
		case text, open := <-t.output:
			t.Shown += strings.ReplaceAll(text, "\r\n", "\n")
			if re.MatchString(t.Shown[from:]) {
				return nil
			}
			if !open {
				return fmt.Errorf("testbed: the terminal was closed and never showed %q: %q", expression, t.Shown[from:])
			}
		case <-timeout:
			return fmt.Errorf("testbed: not on the terminal: %q, but %q", expression, t.Shown[from:])
		}
	}
}

// Type sends what somebody types, the end of the line included.
func (t *Terminal) Type(text string) error {
	_, err := t.master.WriteString(text)
	return err
}

// TypeHidden is Type for what is not to be shown. A program throws away what was
// typed before it turned the terminal's echo off.
func (t *Terminal) TypeHidden(text string) error {
	for deadline := time.Now().Add(5 * time.Second); t.echoes(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			return errors.New("testbed: what is typed would be shown")
		}
	}
	return t.Type(text)
}

func (t *Terminal) echoes() bool {
	raw, err := t.master.SyscallConn()
	if err != nil {
		return true
	}
	echoes := true
	_ = raw.Control(func(fd uintptr) {
		if settings, err := unix.IoctlGetTermios(int(fd), unix.TCGETS); err == nil {
			echoes = settings.Lflag&unix.ECHO != 0
		}
	})
	return echoes
}

// Wait returns how the process ended, after everything was shown.
func (t *Terminal) Wait() error {
	for text := range t.output {
		t.Shown += strings.ReplaceAll(text, "\r\n", "\n")
	}
	t.master.Close()
	return t.cmd.Wait()
}

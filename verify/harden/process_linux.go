package harden

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// seal keeps debuggers and core files of the same user id away from the memory,
// where passwords are, and makes sure that no program could be executed with more
// rights (prctl(2), PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS).
func seal() error {
	none := &unix.Rlimit{}
	return errors.Join(
		undumpable(),
		failed("no core files", unix.Setrlimit(unix.RLIMIT_CORE, none)),
		failed("no new privileges", everyThread(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0)),
	)
}

func undumpable() error {
	return failed("not dumpable", unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0))
}

// everyThread makes a system call that counts for one thread alone in all of
// them; threads to come inherit what it did. It is not there in a program built
// with cgo (ENOTSUP), as ours is not.
func everyThread(call, a, b, c uintptr) error {
	if _, _, errno := syscall.AllThreadsSyscall(call, a, b, c); errno != 0 {
		return errno
	}
	return nil
}

func failed(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

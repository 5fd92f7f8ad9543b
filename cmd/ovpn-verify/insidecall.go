package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"ovpn-verify/verify"
	"ovpn-verify/verify/front"
	"ovpn-verify/verify/logging"
	"ovpn-verify/verify/openvpn"
)

// exitRefused is what OpenVPN reads as no.
const exitRefused = 1

// decideInsideCall is for an OpenVPN that cannot wait for an answer (2.5 and
// older): the daemon stands still until it is there.
func decideInsideCall(c front.Call) (status int) {
	signal.Ignore(syscall.SIGPIPE) // a log that nobody reads is no reason to refuse
	call, err := openvpn.ReadCall(c.Frame)
	if err == nil {
		status, err = decideNow(c, call)
	}
	if err != nil {
		complain(refusedWhat(call), err)
		return exitRefused
	}
	return status
}

func refusedWhat(call openvpn.Call) string {
	if call.Event == openvpn.ClientConnect {
		return "client-connect refused"
	}
	return "login refused"
}

// complain writes to OpenVPN's log without waiting for it longer than a moment.
func complain(what string, err error) {
	log, flush := logging.New(logging.DefaultConfig())
	log.Error(what, "cause", err)
	flush()
}

// decideNow leaves events that are never worked on inside the call to the
// default: a refusal.
func decideNow(c front.Call, call openvpn.Call) (status int, err error) {
	s, err := loadService(c.Config)
	if err != nil {
		return exitRefused, err
	}
	defer s.flush()
	switch call.Event {
	case openvpn.UserPassVerify:
		return s.loginInsideCall(c, call)
	case openvpn.ClientConnect:
		return s.connectInsideCall(c, call)
	default:
		return exitRefused, fmt.Errorf("%s inside of the call", call.Event)
	}
}

func (s *service) loginInsideCall(c front.Call, call openvpn.Call) (status int, err error) {
	login := s.newLogin(&call)
	d, err := inTime(s.config.Login.Deadline, func(ctx context.Context) *verify.Decision {
		return s.countedDecide(ctx, login)
	})
	if err != nil {
		return exitRefused, err
	}
	s.record(d, login)
	if d.Verdict == verify.Accepted {
		return exitOK, nil
	}
	return exitRefused, writeReason(c.Text, d.Text)
}

// inTime does not wait for a system call that does not come back: the daemon
// stands still meanwhile. A panic is an error, too.
func inTime[R any](deadline time.Duration, work func(context.Context) R) (R, error) {
	const grace = time.Second
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	var result R
	done := make(chan error, 1)
	go func() {
		defer func() {
			if value := recover(); value != nil {
				done <- fmt.Errorf("internal error (%T)", value)
			}
		}()
		result = work(ctx)
		done <- nil
	}()
	select {
	case err := <-done:
		return result, err
	case <-time.After(deadline + grace):
		var none R
		return none, errors.New("it did not end at login.deadline")
	}
}

// writeReason replaces the neutral text that front left.
func writeReason(fd int, text string) error {
	if fd < 0 {
		return nil
	}
	f := os.NewFile(uintptr(fd), "auth_failed_reason_file")
	if _, err := f.WriteAt([]byte(text), 0); err != nil {
		return err
	}
	return f.Truncate(int64(len(text)))
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"ovpn-verify/verify"
	"ovpn-verify/verify/config"
	"ovpn-verify/verify/front"
	"ovpn-verify/verify/logging"
	"ovpn-verify/verify/openvpn"
	"ovpn-verify/verify/worker"
)

// exitRefused is what OpenVPN reads as no.
const exitRefused = 1

// decideInsideCall is for an OpenVPN that cannot wait for a verdict (2.5 and
// older): the daemon stands still until it is there.
func decideInsideCall(c front.Call) (status int) {
	signal.Ignore(syscall.SIGPIPE) // a log that nobody reads is no reason to refuse
	call, err := openvpn.ReadCall(c.Frame)
	if err == nil {
		status, err = decideNow(c, call)
	}
	if err != nil {
		complain("login refused", err)
		return exitRefused
	}
	return status
}

// complain writes to OpenVPN's log without waiting for it longer than a moment.
func complain(what string, err error) {
	log, flush := logging.New(logging.DefaultConfig())
	log.Error(what, "cause", err)
	flush()
}

func decideNow(c front.Call, call openvpn.Call) (status int, err error) {
	s, err := loadService(c.Config)
	if err != nil {
		return exitRefused, err
	}
	defer s.flush()
	login := newLogin(call)
	d, err := s.decideInTime(login)
	if err != nil {
		return exitRefused, err
	}
	d.Record(s.log, login, s.config.Login.Backend)
	if d.Verdict == verify.Accepted {
		return exitOK, nil
	}
	return exitRefused, writeReason(c.Reason, d.Text)
}

// decideInTime does not wait for a system call that does not come back: the
// daemon stands still meanwhile.
func (s *service) decideInTime(login verify.Login) (verify.Decision, error) {
	const grace = time.Second
	deadline := s.config.Login.Deadline
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	decided := make(chan verify.Decision, 1)
	go func() {
		defer func() {
			if value := recover(); value != nil {
				decided <- verify.Decision{Cause: fmt.Errorf("internal error (%T)", value)} // the zero Verdict refuses
			}
		}()
		decided <- s.pipeline.Decide(ctx, login)
	}()
	select {
	case d := <-decided:
		return d, nil
	case <-time.After(deadline + grace):
		return verify.Decision{}, errors.New("deciding did not end at login.deadline")
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

// service is what a configuration makes of the program.
type service struct {
	config   config.Config
	inputs   string // the fingerprint of the files it was made from
	pipeline *verify.Pipeline
	log      *slog.Logger
	flush    func()
}

func loadService(path string) (*service, error) {
	c, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	inputs := c.Fingerprint() // before they are read: a change in between is noticed
	pipeline, err := newPipeline(c)
	if err != nil {
		return nil, err
	}
	log, flush := newLog(c)
	return &service{config: c, inputs: inputs, pipeline: pipeline, log: log, flush: flush}, nil
}

// workerCommand is the detached process that front starts.
type workerCommand struct {
	Listen bool `help:"A listening socket came along."`
}

// Run serves until nobody has logged in for worker.linger. Its errors go to
// OpenVPN's log, which may be a pipe that nobody reads: a worker that waits for
// it would never end.
func (cmd *workerCommand) Run(path *configFlag) error {
	err := worker.Run(cmd.Listen, func() (worker.Service, error) {
		s, err := loadService(string(*path))
		if err != nil {
			return worker.Service{}, err
		}
		return s.forWorker(string(*path)), nil
	})
	if err != nil {
		complain("logins are answered as unavailable", err)
		return &statusError{exitProblem, nil}
	}
	return nil
}

func (s *service) forWorker(path string) worker.Service {
	return worker.Service{
		Config:     path,
		Decide:     s.decide,
		Deadline:   s.config.Login.Deadline,
		Linger:     s.config.Worker.Linger,
		MaxPending: s.config.Worker.MaxPending,
		Stale:      func() bool { return s.config.Fingerprint() != s.inputs },
		Log:        s.log,
		Flush:      s.flush,
	}
}

// decide writes the verdict first and the record after it: the user waits for
// the one only.
func (s *service) decide(ctx context.Context, call openvpn.Call, results *openvpn.Results) {
	login := newLogin(call)
	d := s.pipeline.Decide(ctx, login)
	var err error
	if d.Verdict == verify.Accepted {
		err = results.Accept()
	} else {
		err = results.Refuse(d.Text)
	}
	d.Record(s.log, login, s.config.Login.Backend)
	if err != nil {
		s.log.Error("verdict not delivered", "login", login.ID, "cause", err)
	}
}

func newLogin(call openvpn.Call) verify.Login {
	return verify.Login{
		ID: verify.NewLoginID(), Username: call.Username, Password: call.Password,
		CommonName: call.CommonName, ClientIP: call.ClientIP, ClientProto: call.ClientProto,
		CanChallenge: call.HasReason,
	}
}

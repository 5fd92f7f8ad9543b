package main

import (
	"context"
	"log/slog"

	"ovpn-verify/verify"
	"ovpn-verify/verify/config"
	"ovpn-verify/verify/front"
	"ovpn-verify/verify/harden"
	"ovpn-verify/verify/openvpn"
	"ovpn-verify/verify/status"
	"ovpn-verify/verify/worker"
)

// service is what a configuration makes of the program.
type service struct {
	config   config.Config
	changed  func() bool // a file that it was made from is another one
	moved    func() bool // a path leads to a file that this process may not open
	pipeline *verify.Pipeline
	log      *slog.Logger
	counts   *status.Recorder
	flushLog func()
}

// loadService leaves the process with what the service needs, and no more, as
// soon as that is known.
func loadService(path string) (*service, error) {
	c, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	inputs := c.Inputs()
	before := config.Fingerprint(inputs) // reading them, so that a change in between is noticed
	restricted, err := harden.Restrict(c.Worker.User, c.Files(), c.SystemRoots())
	if err != nil {
		return nil, err
	}
	pipeline, err := newPipeline(c)
	if err != nil {
		return nil, err
	}
	log, flush := newLog(c)
	for _, note := range restricted.Notes {
		log.Warn("hardening", "note", note)
	}
	return &service{
		config: c, changed: func() bool { return config.Fingerprint(inputs) != before }, moved: restricted.Changed,
		pipeline: pipeline, log: log, counts: startCounting(path, c, log), flushLog: flush,
	}, nil
}

// flush comes last in the life of a process.
func (s *service) flush() {
	s.counts.Close()
	s.flushLog()
}

// workerCommand is the detached process that front starts.
type workerCommand struct {
	Listen bool `help:"A listening socket came along."`
}

// workerCall knows what front executes, word for word: a user waits for a worker that
// starts, and to make the grammar of all commands is a good part of that.
func workerCall(args []string) (cmd workerCommand, config configFlag, ok bool) {
	if len(args) < 3 || args[0] != front.WorkerCommand || args[1] != "--config" {
		return cmd, "", false
	}
	switch {
	case len(args) == 4 && args[3] == front.ListenFlag:
		cmd.Listen = true
	case len(args) != 3:
		return cmd, "", false
	}
	return cmd, configFlag(args[2]), true
}

// Run serves until nobody has logged in for worker.linger. Its errors go to
// OpenVPN's log, which may be a pipe that nobody reads: a worker that waits for
// it would never end.
func (cmd *workerCommand) Run(path *configFlag) error {
	err := worker.Run(cmd.Listen, func() (worker.Service, error) {
		replaced := watchReplaced(string(*path)) // before it is read
		s, err := loadService(string(*path))
		if err != nil {
			return worker.Service{}, err
		}
		return s.forWorker(string(*path), replaced), nil
	})
	if err != nil {
		complain("logins are answered as unavailable", err)
		return &statusError{exitProblem, nil}
	}
	return nil
}

func (s *service) forWorker(path string, replaced func() bool) worker.Service {
	return worker.Service{
		Config:     path,
		Decide:     s.decide,
		Connect:    s.connect,
		Disconnect: s.disconnect,
		TooMany:    s.tooMany,
		Deadline:   s.config.Login.Deadline,
		Linger:     s.config.Worker.Linger,
		MaxPending: s.config.Worker.MaxPending,
		Stale:      func() bool { return replaced() || s.changed() || s.moved() },
		Log:        s.log,
		Flush:      s.flush,
	}
}

// decide writes the verdict first and the record after it: the user waits for
// the one only.
func (s *service) decide(ctx context.Context, call *openvpn.Call, results *openvpn.Results) {
	login := s.newLogin(call)
	s.answer(s.countedDecide(ctx, login), login, results)
}

// answer has a frame of its own: see verify.DecideTo.
//
//go:noinline
func (s *service) answer(d *verify.Decision, login *verify.Login, results *openvpn.Results) {
	var err error
	if d.Verdict == verify.Accepted {
		err = results.Accept()
	} else {
		err = results.Refuse(d.Text)
	}
	s.record(d, login)
	if err != nil {
		s.log.Error("verdict not delivered", "login", login.ID, "cause", err)
	}
}

func (s *service) record(d *verify.Decision, login *verify.Login) {
	d.Record(s.log, login, s.config.Login.Backend)
}

func (s *service) newLogin(call *openvpn.Call) *verify.Login {
	return &verify.Login{
		ID: verify.NewLoginID(), Username: call.Username, Password: call.Password,
		CommonName: call.CommonName, ClientIP: call.ClientIP, ClientPort: call.ClientPort,
		ClientProto: call.ClientProto, CanChallenge: call.HasReason,
		SessionID: call.SessionID, SessionState: call.SessionState, Daemon: call.Daemon, OnStep: s.counts.Step,
	}
}

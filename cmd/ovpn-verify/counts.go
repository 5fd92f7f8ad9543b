package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"ovpn-verify/verify"
	"ovpn-verify/verify/config"
	"ovpn-verify/verify/openvpn"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/state"
	"ovpn-verify/verify/status"
)

// startCounting makes the counters that outlive this process.
func startCounting(configPath string, c config.Config, log *slog.Logger) *status.Recorder {
	store := newStore(c)
	return status.Start(status.Options{
		Path: status.PathFor(c.State.Path), Textfile: c.Metrics.Textfile,
		Backend: c.Login.Backend, Series: series(),
		Worker: status.Worker{PID: os.Getpid(), Started: time.Now(), Version: version, Config: configPath},
		Locked: func() (status.Locked, error) { return lockedOut(store) },
		Failed: func(err error) {
			if errors.Is(err, os.ErrNotExist) && c.Metrics.Textfile == "" {
				return // no state was ever set up, and none is needed
			}
			log.Warn("status", "note", "logins are not counted at the moment: "+err.Error())
		},
	})
}

// series are all ends that a login can come to.
func series() []status.End {
	ends := []status.End{{Verdict: verify.Accepted.String()}, {Verdict: verify.Challenged.String()}}
	for _, why := range primary.Refusals {
		ends = append(ends, status.End{Verdict: verify.Refused.String(), Reason: string(why)})
	}
	for _, why := range verify.Outages {
		ends = append(ends, status.End{Verdict: verify.Unavailable.String(), Reason: why})
	}
	return ends
}

// lockedOut counts a user once, whether by password or by code.
func lockedOut(store *state.Store) (l status.Locked, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), memoryTimeout)
	defer cancel()
	locks, err := store.LockedOut(ctx, time.Now())
	users := map[string]bool{}
	for _, lock := range locks {
		if lock.Kind == state.CountAddress {
			l.Addresses++
		} else {
			users[state.Key(lock.Name)] = true
		}
		if lock.Until.After(l.Until) {
			l.Until = lock.Until
		}
	}
	l.Users = len(users)
	return l, err
}

// countedDecide counts also what does not come to a decision.
func (s *service) countedDecide(ctx context.Context, login *verify.Login) *verify.Decision {
	d := &verify.Decision{Verdict: verify.Unavailable, Reason: verify.ReasonInternal}
	s.counts.Began()
	defer func() { s.counts.Login(d.Verdict.String(), d.Reason, d.Took) }()
	s.pipeline.DecideTo(ctx, login, d)
	return d
}

// tooMany writes the record of a login that nobody looked at.
func (s *service) tooMany(call openvpn.Call) {
	d := verify.Decision{Verdict: verify.Unavailable, Reason: verify.ReasonBusy, Cause: errors.New("worker.max_pending logins are under way")}
	s.record(&d, s.newLogin(&call))
	s.counts.Began()
	s.counts.Login(d.Verdict.String(), d.Reason, 0)
}

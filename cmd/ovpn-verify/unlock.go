package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"ovpn-verify/verify/config"
	"ovpn-verify/verify/state"
)

// unlockCommand forgets failed attempts.
type unlockCommand struct {
	User string     `arg:"" optional:"" help:"User name as the directory spells it, or as it was typed."`
	IP   netip.Addr `help:"Address to unlock." placeholder:"ADDRESS"`
}

// Run exits 0 also when there was nothing to forget: the user can log in now.
func (cmd *unlockCommand) Run(config *configFlag) error {
	if cmd.User == "" && !cmd.IP.IsValid() {
		return &hintError{errors.New("nobody to unlock"), "name a user, or an address with --ip"}
	}
	return withStore(config, cmd.unlock)
}

func (cmd *unlockCommand) unlock(ctx context.Context, c config.Config, store *state.Store) error {
	var counters []state.Counter
	if cmd.IP.IsValid() {
		counters = append(counters, c.Limits.AddressCounter(cmd.IP))
	}
	if cmd.User != "" {
		counters = append(counters, c.Limits.UserCounters(cmd.User)...)
		// A code spent while the clock was ahead would keep all codes out until then.
		enrolment, err := store.Enrolment(ctx, cmd.User)
		if err != nil && !errors.Is(err, state.ErrNotFound) {
			return err
		}
		form := c.TOTP.For(enrolment)
		latest := time.Now().Add(time.Duration(form.Skew) * form.Period)
		if err := store.ForgetStepAfter(ctx, cmd.User, uint64(latest.Unix())); err != nil {
			return err
		}
	}
	err := store.Unlock(ctx, counters...)
	if errors.Is(err, state.ErrNotFound) {
		fmt.Println("no failed attempts were counted")
		return nil
	}
	if err == nil {
		fmt.Println("unlocked")
	}
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/config"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
)

const confirmTries = 3

var errNotEnrolled = errors.New("no right code: nobody was enrolled")

// confirm asks for a first code, and returns its step, which is spent then.
func (cmd *totpEnroll) confirm(ctx context.Context, c config.Config, e state.NewEnrolment) (step uint64, err error) {
	if !cmd.asks() {
		return 0, nil
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	form := c.TOTP.For(e.Enrolment)
	for range confirmTries {
		code, err := askUntil(ctx, "Scan it with an authenticator app, and type the code that it shows")
		if err != nil {
			return 0, fmt.Errorf("%w; nobody was enrolled", err)
		}
		now := time.Now()
		step, right := form.Match(e.Seed, code, now)
		if right {
			return step, nil
		}
		fmt.Fprintln(os.Stderr, styleOf(os.Stderr).yellow("wrong code")+clockOff(form, e.Seed, code, now))
	}
	return 0, &hintError{errNotEnrolled, "where the user's phone is not here: --no-confirm"}
}

// clockOff finds a code that would be right at another time of this hour.
func clockOff(form challenge.TOTP, seed, code secret.Text, now time.Time) string {
	form.Skew = int(30 * time.Minute / form.Period)
	step, right := form.Match(seed, code, now)
	if !right {
		return ""
	}
	off := time.Unix(int64(step), 0).Sub(now.Truncate(form.Period))
	if off < 0 {
		return fmt.Sprintf(": it was right %v ago; the phone's clock is slow, or this host's is fast", -off)
	}
	return fmt.Sprintf(": it will be right in %v; the phone's clock is fast, or this host's is slow", off)
}

// askUntil is askLine, until ctx ends.
func askUntil(ctx context.Context, prompt string) (secret.Text, error) {
	type answer struct {
		text secret.Text
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		text, err := askLine(prompt)
		answered <- answer{text, err}
	}()
	select {
	case a := <-answered:
		return a.text, a.err
	case <-ctx.Done():
		fmt.Fprintln(os.Stderr)
		return secret.Text{}, errors.New("interrupted")
	}
}

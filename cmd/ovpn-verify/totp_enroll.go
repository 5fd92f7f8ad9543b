package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
	"rsc.io/qr"

	"ovpn-verify/backends/file"
	"ovpn-verify/challenge"
	"ovpn-verify/verify/config"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
)

type totpEnroll struct {
	User      string `arg:"" help:"User name, as the directory spells it."`
	QR        string `name:"qr" enum:"auto,none,utf8,ascii" default:"auto" help:"How to draw the QR code: none, utf8 or ascii; auto draws one on a terminal."`
	PNG       string `name:"png" help:"Write the QR code to a new picture, for its owner alone." placeholder:"FILE"`
	Overwrite bool   `help:"Let --png replace a file."`
	NoConfirm bool   `help:"On a terminal: do not ask for a first code. The phone may be elsewhere."`
	Replace   bool   `help:"Give a user who is enrolled a new secret and new recovery codes."`
}

// Help is what `totp enroll --help` adds.
func (totpEnroll) Help() string {
	return `On a terminal the user is enrolled when he has typed a first code, and not before: an
app that did not take the secret locks nobody out. Without a terminal nothing is asked.`
}

// recoveryCodes is how many a user gets; each takes the place of a code once.
const recoveryCodes = 8

// Run shows secret and recovery codes, the one time, and enrols the user last:
// a secret that nobody has seen would lock him out.
func (cmd *totpEnroll) Run(path *configFlag) error {
	if err := file.CheckName(cmd.User); err != nil {
		return err
	}
	return withStore(path, func(ctx context.Context, c config.Config, store *state.Store) error {
		_, err := store.Enrolment(ctx, cmd.User)
		if err == nil && !cmd.Replace {
			return cmd.enrolledAlready()
		}
		if err != nil && !errors.Is(err, state.ErrNotFound) && !errors.Is(err, state.ErrNoFolder) {
			return err
		}
		if err := asSpelled(ctx, c, cmd.User); err != nil {
			return err
		}
		e := newEnrolment(c, cmd.User)
		code, err := cmd.show(c, e)
		if err != nil {
			return err
		}
		if cmd.PNG != "" {
			if err := writePrivate(cmd.PNG, code.PNG(), cmd.Overwrite); err != nil {
				return err
			}
		}
		if err = cmd.enrol(ctx, c, store, e); err != nil && cmd.PNG != "" {
			return errors.Join(err, os.Remove(cmd.PNG)) // its secret opens nothing
		}
		return err
	})
}

func (cmd *totpEnroll) enrol(ctx context.Context, c config.Config, store *state.Store, e state.NewEnrolment) (err error) {
	if e.SpentStep, err = cmd.confirm(ctx, c, e); err != nil {
		return err
	}
	if err = showRecoveryCodes(e.RecoveryCodes); err != nil {
		return err
	}
	err = store.Enrol(ctx, []state.NewEnrolment{e}, cmd.Replace)
	if errors.Is(err, state.ErrExists) {
		return cmd.enrolledAlready()
	}
	if err == nil && cmd.asks() {
		fmt.Fprintf(os.Stderr, "%s is enrolled\n", shown(cmd.User))
	}
	return err
}

func (cmd *totpEnroll) enrolledAlready() error {
	return &hintError{fmt.Errorf("%q is enrolled already", cmd.User),
		"to start over: ovpn-verify totp remove " + cmd.User + ", or enroll with --replace"}
}

// newEnrolment has a new secret, and the form of codes that the configuration says.
func newEnrolment(c config.Config, user string) state.NewEnrolment {
	form := c.TOTP.For(state.Enrolment{})
	return state.NewEnrolment{
		Enrolment: state.Enrolment{Identity: user, Seed: challenge.NewSeed(), Created: time.Now(),
			Algorithm: form.Algorithm, Digits: form.Digits, Period: form.Period},
		RecoveryCodes: newRecoveryCodes(),
	}
}

// newRecoveryCodes have 80 random bits each, in groups that can be read aloud.
func newRecoveryCodes() []secret.Text {
	codes := make([]secret.Text, recoveryCodes)
	for i := range codes {
		t := rand.Text()
		codes[i] = secret.FromString(strings.ToLower(t[:4] + "-" + t[4:8] + "-" + t[8:12] + "-" + t[12:16]))
	}
	return codes
}

// show prints the URI on a line of its own, and the QR code.
func (cmd *totpEnroll) show(c config.Config, e state.NewEnrolment) (*qr.Code, error) {
	uri := c.TOTP.For(e.Enrolment).URI(c.TOTP.Issuer, cmd.User, e.Seed)
	code, err := newQR(uri)
	if err != nil {
		return nil, err
	}
	text := uri + "\n"
	if kind := qrFor(cmd.QR, term.IsTerminal(int(os.Stdout.Fd()))); kind != qrNone {
		drawn, columns, rows := drawQR(code, kind)
		warnOfSize(os.Stdout, columns, rows)
		text += drawn
	}
	_, err = os.Stdout.WriteString(text)
	return code, err
}

// asks tells whether there is somebody who has seen the code and can answer.
func (cmd *totpEnroll) asks() bool {
	return !cmd.NoConfirm && interactive() && term.IsTerminal(int(os.Stdout.Fd()))
}

func showRecoveryCodes(codes []secret.Text) error {
	var text bytes.Buffer
	fmt.Fprintln(&text, "Recovery codes, each good once in place of a code from the app:")
	for _, code := range codes {
		fmt.Fprintf(&text, "  %s\n", code.Reveal())
	}
	_, err := text.WriteTo(os.Stdout)
	return err
}

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

	"github.com/mdp/qrterminal/v3"
	"golang.org/x/term"

	"ovpn-verify/backends/file"
	"ovpn-verify/challenge"
	"ovpn-verify/verify/config"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
)

// totpCommand keeps the secrets of time-based codes.
type totpCommand struct {
	Enroll totpEnroll `cmd:"" help:"Make a secret for a user and show it once, as URI and QR code."`
	List   totpList   `cmd:"" help:"List who is enrolled, and since when."`
	Remove totpRemove `cmd:"" help:"Forget a user's secret and recovery codes."`
}

type totpEnroll struct {
	User string `arg:"" help:"User name, as the directory spells it."`
}

// recoveryCodes is how many a user gets; each takes the place of a code once.
const recoveryCodes = 8

// Run enrols a user who is not enrolled yet.
func (cmd *totpEnroll) Run(path *configFlag) error {
	if err := file.CheckName(cmd.User); err != nil {
		return err
	}
	return withStore(path, func(ctx context.Context, c config.Config, store *state.Store) error {
		seed, codes := challenge.NewSeed(), newRecoveryCodes()
		err := store.PutEnrolment(ctx, state.Enrolment{Identity: cmd.User, Seed: seed, Created: time.Now()})
		if errors.Is(err, state.ErrExists) {
			return &hintError{fmt.Errorf("%q is enrolled already", cmd.User),
				"to start over: ovpn-verify totp remove " + cmd.User}
		}
		if err != nil {
			return err
		}
		if err = store.PutRecoveryCodes(ctx, cmd.User, codes); err == nil {
			err = showEnrolment(c, cmd.User, seed, codes)
		}
		if err != nil {
			// A secret that nobody has seen would lock the user out.
			return errors.Join(err, store.RemoveEnrolment(ctx, cmd.User))
		}
		return nil
	})
}

// withStore opens the store that the configuration names, for one command.
func withStore(path *configFlag, do func(context.Context, config.Config, *state.Store) error) error {
	c, err := path.load()
	if err != nil {
		return err
	}
	store := newStore(c)
	defer store.Close()
	return do(context.Background(), c, store)
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

// showEnrolment is the one time that seed and codes are shown. Without a
// terminal there is no QR code, and the URI stands on a line of its own.
func showEnrolment(c config.Config, user string, seed secret.Text, codes []secret.Text) error {
	t := challenge.TOTP{Digits: c.TOTP.Digits, Period: c.TOTP.Period}
	uri := t.URI(c.TOTP.Issuer, user, seed)
	var out bytes.Buffer
	if term.IsTerminal(int(os.Stdout.Fd())) {
		qrterminal.GenerateHalfBlock(uri, qrterminal.M, &out)
		fmt.Fprintln(&out, "Scan this with an authenticator app, or give it the address:")
	}
	fmt.Fprintln(&out, uri)
	fmt.Fprintln(&out, "Recovery codes, each good once in place of a code from the app:")
	for _, code := range codes {
		fmt.Fprintf(&out, "  %s\n", code.Reveal())
	}
	_, err := os.Stdout.Write(out.Bytes())
	return err
}

type totpList struct{}

// Run prints one user a line: the name, a tab, the time of enrolment.
func (cmd *totpList) Run(path *configFlag) error {
	return withStore(path, func(ctx context.Context, _ config.Config, store *state.Store) error {
		enrolments, err := store.Enrolments(ctx)
		for _, e := range enrolments {
			fmt.Printf("%s\t%s\n", shown(e.Identity), e.Created.Local().Format(time.RFC3339))
		}
		return err
	})
}

type totpRemove struct {
	User string `arg:"" help:"User name."`
}

// Run forgets the secret. The last spent step stays, so that nothing old comes back.
func (cmd *totpRemove) Run(path *configFlag) error {
	return withStore(path, func(ctx context.Context, _ config.Config, store *state.Store) error {
		err := store.RemoveEnrolment(ctx, cmd.User)
		if errors.Is(err, state.ErrNotFound) {
			return fmt.Errorf("%q is not enrolled", cmd.User)
		}
		return err
	})
}

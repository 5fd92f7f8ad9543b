package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"unicode/utf8"

	"ovpn-verify/verify/config"
	"ovpn-verify/verify/state"
)

type totpExport struct {
	Users     []string `arg:"" optional:"" name:"user" help:"User names; everybody when none is given."`
	Output    string   `help:"Write them to a new file, for its owner alone." placeholder:"FILE"`
	Overwrite bool     `help:"Let --output replace a file."`
}

// Run prints one URI a line, which `totp import` reads. Recovery codes cannot be
// told: the state does not have them, only how to recognise them.
func (cmd *totpExport) Run(path *configFlag) error {
	return withStore(path, func(ctx context.Context, c config.Config, store *state.Store) error {
		all, err := cmd.chosen(ctx, store)
		if err != nil {
			return err
		}
		var uris bytes.Buffer
		for _, e := range all {
			if !utf8.ValidString(e.Identity) {
				return fmt.Errorf("%q has no place in a URI: the name is not valid UTF-8", e.Identity)
			}
			fmt.Fprintln(&uris, c.TOTP.For(e).URI(c.TOTP.Issuer, e.Identity, e.Seed))
		}
		fmt.Fprintln(os.Stderr, styleOf(os.Stderr).yellow("warning:"),
			"these are secrets: who has one can make its user's codes; recovery codes are not among them")
		if cmd.Output != "" {
			return writePrivate(cmd.Output, uris.Bytes(), cmd.Overwrite)
		}
		_, err = uris.WriteTo(os.Stdout)
		return err
	})
}

func (cmd *totpExport) chosen(ctx context.Context, store *state.Store) ([]state.Enrolment, error) {
	if len(cmd.Users) == 0 {
		return store.Seeds(ctx)
	}
	var all []state.Enrolment
	var faults []error
	for _, user := range cmd.Users {
		e, err := store.Enrolment(ctx, user)
		if errors.Is(err, state.ErrNotFound) {
			err = fmt.Errorf("%q is not enrolled", user)
		}
		all, faults = append(all, e), append(faults, err)
	}
	return all, errors.Join(faults...)
}

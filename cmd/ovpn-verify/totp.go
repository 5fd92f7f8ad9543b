package main

import (
	"context"
	"errors"
	"fmt"

	"ovpn-verify/verify/config"
	"ovpn-verify/verify/state"
)

// totpCommand keeps the secrets of time-based codes.
type totpCommand struct {
	Enroll totpEnroll `cmd:"" help:"Make a secret for a user and show it once, as URI and QR code."`
	List   totpList   `cmd:"" help:"List who is enrolled, since when, and when a code was last used."`
	Import totpImport `cmd:"" help:"Enrol users with the secrets that another program gave them, or many at once."`
	Export totpExport `cmd:"" help:"Print users' secrets as otpauth:// URIs, to move them elsewhere."`
	Remove totpRemove `cmd:"" help:"Forget a user's secret and recovery codes."`
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

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ovpn-verify/challenge/migrate"
	"ovpn-verify/verify/config"
	"ovpn-verify/verify/state"
)

type totpImport struct {
	Files     []string `arg:"" name:"file" help:"Tables (CSV), lists of otpauth:// URIs, files of google-authenticator or folders of them; - is standard input."`
	User      string   `help:"Whose a single file of google-authenticator is." placeholder:"NAME"`
	Output    string   `help:"New file, for its owner alone, for the URIs and recovery codes of users whose secret is made here." placeholder:"FILE"`
	Overwrite bool     `help:"Let --output replace a file."`
	Replace   bool     `help:"Give users who are enrolled the secret of the file."`
	DryRun    bool     `help:"Look at everything, change nothing."`
}

// Help is what `totp import --help` adds.
func (totpImport) Help() string {
	return `A table names its columns in the first line: user, and any of secret (base32), uri,
algorithm, digits, period, recovery_codes (with spaces between them). A user without secret
and URI gets a new one, and recovery codes, in the file that --output names.

A folder is one of homes, with .google_authenticator in each, or of files that are named
after their users. Codes that were used there are not good here once more.

Nothing is imported when anything is wrong; every fault is shown, with file and line. Who
is enrolled with the same secret already is passed over, so that an import can be repeated.`
}

// batchSize users share a transaction: some ten milliseconds, in which no login
// gets at the state.
const batchSize = 500

// Run imports everybody or nobody, a broken disk or a power cut apart.
func (cmd *totpImport) Run(path *configFlag) error {
	return withStore(path, func(ctx context.Context, c config.Config, store *state.Store) error {
		begin := time.Now()
		entries, err := cmd.read()
		p := importPlan{cmd: cmd, config: c, now: begin}
		if known, storeErr := store.Seeds(ctx); storeErr != nil {
			return storeErr
		} else if planErr := p.make(entries, known); err != nil || planErr != nil {
			return &hintError{bounded(errors.Join(err, planErr)), "try again with --dry-run until nothing is wrong"}
		}
		if cmd.DryRun {
			fmt.Printf("%d users would be imported%s\n", len(p.users), p.notes())
			return nil
		}
		if len(p.made) > 0 {
			if err := writePrivate(cmd.Output, p.output(), cmd.Overwrite); err != nil {
				return err
			}
		}
		if err := cmd.store(ctx, store, p.users); err != nil {
			return err
		}
		took := time.Since(begin)
		fmt.Printf("%d users imported in %.2f s (%.0f a second)%s\n", len(p.users), took.Seconds(), float64(len(p.users))/took.Seconds(), p.notes())
		return nil
	})
}

func (cmd *totpImport) store(ctx context.Context, store *state.Store, users []state.NewEnrolment) error {
	bar := newProgress(len(users))
	defer bar.end()
	for done := 0; done < len(users); {
		bar.show(done)
		next := min(done+batchSize, len(users))
		if err := store.Enrol(ctx, users[done:next], cmd.Replace); err != nil {
			return &hintError{fmt.Errorf("after %d of %d users: %w", done, len(users), err),
				"import the same again: those who are enrolled are passed over (--output needs another file, and secrets made here are new ones)"}
		}
		done = next
	}
	return nil
}

// read reads all files, and returns all their faults.
func (cmd *totpImport) read() (all []migrate.Entry, err error) {
	var faults []error
	for _, name := range cmd.Files {
		entries, err := readEnrolments(name)
		all, faults = append(all, entries...), append(faults, err)
	}
	if cmd.User != "" && len(all) == 1 && all[0].User == "" {
		all[0].User = cmd.User
	} else if cmd.User != "" {
		faults = append(faults, errors.New("--user is for a single file that names no user itself"))
	}
	if len(all) == 0 && errors.Join(faults...) == nil {
		faults = append(faults, errors.New("no user is in it"))
	}
	return all, errors.Join(faults...)
}

// shownFaults is how many lines of faults a person can use.
const shownFaults = 50

func bounded(faults error) error {
	lines := strings.Split(faults.Error(), "\n")
	if more := len(lines) - shownFaults; more > 0 {
		lines = append(lines[:shownFaults], fmt.Sprintf("and %d more", more))
	}
	return errors.New(strings.Join(append(lines, "nothing was imported"), "\n"))
}

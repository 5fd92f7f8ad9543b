package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"ovpn-verify/verify/config"
	"ovpn-verify/verify/state"
)

// stateCommand looks after what outlives a login: state.path.
type stateCommand struct {
	Check  stateCheck  `cmd:"" help:"Read all of the state and report what is damaged."`
	Backup stateBackup `cmd:"" help:"Copy the state to a new file, while logins go on."`
}

type stateCheck struct {
	JSON bool `help:"Print one JSON document."`
}

// stateJSON is what `state check --json` prints.
type stateJSON struct {
	Path    string         `json:"path"`
	Schema  uint64         `json:"schema,omitempty"`
	Bytes   int64          `json:"bytes,omitempty"`
	Records map[string]int `json:"records,omitempty"` // by bucket
	Faults  []string       `json:"faults"`
	Fine    bool           `json:"fine"`
}

const restoreHint = "while it is damaged logins that need it are refused; restore a backup, or see `ovpn-verify state backup --help`"

// Run exits 0 when nothing is wrong. It changes nothing and makes nothing.
func (cmd *stateCheck) Run(path *configFlag) error {
	return withStore(path, func(ctx context.Context, c config.Config, store *state.Store) error {
		report, err := store.Check(ctx)
		if cmd.JSON {
			return printStateJSON(c.State.Path, report, err)
		}
		if err != nil {
			return err
		}
		fmt.Printf("%-20s %s\n%-20s %d\n%-20s %d bytes\n", "state", c.State.Path, "schema version", report.Schema, "size", report.Size)
		for _, b := range report.Buckets {
			fmt.Printf("%-20s %d\n", b.Bucket, b.Records)
		}
		if len(report.Faults) > 0 {
			return &hintError{errors.Join(report.Faults...), restoreHint}
		}
		fmt.Println("fine")
		return nil
	})
}

func printStateJSON(path string, report state.Report, err error) error {
	doc := stateJSON{Path: path, Schema: report.Schema, Bytes: report.Size, Faults: []string{}}
	for _, b := range report.Buckets {
		if doc.Records == nil {
			doc.Records = map[string]int{}
		}
		doc.Records[b.Bucket] = b.Records
	}
	if err != nil {
		report.Faults = append(report.Faults, err)
	}
	for _, f := range report.Faults {
		doc.Faults = append(doc.Faults, shown(f.Error()))
	}
	doc.Fine = len(doc.Faults) == 0
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil || doc.Fine {
		return err
	}
	return &statusError{exitProblem, nil}
}

type stateBackup struct {
	File string `arg:"" help:"The new file; one that is there is not overwritten."`
}

// Help is what `state backup --help` adds.
func (stateBackup) Help() string {
	return `The key file (state.key_file) is not copied. Without it no enrolment in the backup can
be read; with it all of them. Keep a copy of it in another place than the backups.

To restore, with the key file of the same time in its place:

    install -m 0600 -o USER FILE STATE.restored && mv STATE.restored STATE

(USER is who OpenVPN runs as, STATE is state.path.) Everything is then as it was when
the backup was made. What was spent or removed since then is good again: codes from an
app for their own minute only, but recovery codes until they are used, and the second
factors of users that were removed until they are removed again. Sessions and lock-outs
are those of then. Who was enrolled since then is not enrolled any more.`
}

// Run writes where the backup is and what it lacks.
func (cmd *stateBackup) Run(path *configFlag) error {
	if cmd.File == "-" {
		return errors.New("a backup goes to a file of its own: it holds secrets, and a pipe would not tell whether it is whole")
	}
	return withStore(path, func(ctx context.Context, c config.Config, store *state.Store) error {
		err := store.Backup(ctx, cmd.File)
		switch {
		case errors.Is(err, fs.ErrExist):
			return &hintError{err, "give the name of a new file"}
		case err != nil:
			return err
		}
		fmt.Printf("%s holds the state of now\n", shown(cmd.File))
		fmt.Fprintf(os.Stderr, "note: %s is not in it: without that key file no enrolment can be read; keep a copy of it in another place\n", shown(c.State.KeyFile))
		return nil
	})
}

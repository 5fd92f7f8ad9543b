package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"ovpn-verify/verify/config"
	"ovpn-verify/verify/state"
)

type totpList struct {
	JSON bool `help:"Print one JSON document."`
}

// Help is what `totp list --help` adds.
func (totpList) Help() string {
	return `Last used is the time of the last code from the app that was right, to its period; the one
that confirmed the enrolment counts, and a recovery code does not. Without a terminal a line is the name, the time of enrolment, the time of
the last code ("-": none yet) and the number of recovery codes left, with tabs between them.`
}

// listFormat is raised when a program that reads the form would have to change.
const listFormat = 1

// enrolledUser is a user in `totp list --json`.
type enrolledUser struct {
	User          string     `json:"user"`
	Enrolled      time.Time  `json:"enrolled"`
	LastUsed      *time.Time `json:"last_used,omitempty"`
	RecoveryCodes int        `json:"recovery_codes"`
	Digits        int        `json:"digits"`
	Period        int        `json:"period"` // seconds
	Algorithm     string     `json:"algorithm"`
}

// Run prints a table on a terminal, and elsewhere what can be parsed.
func (cmd *totpList) Run(path *configFlag) error {
	return withStore(path, func(ctx context.Context, c config.Config, store *state.Store) error {
		all, err := store.Enrolments(ctx)
		if err != nil {
			return err
		}
		users := make([]enrolledUser, len(all))
		for i, e := range all {
			users[i] = listed(c, e)
		}
		out := bufio.NewWriter(os.Stdout)
		switch {
		case cmd.JSON:
			enc := json.NewEncoder(out)
			enc.SetIndent("", "  ")
			enc.SetEscapeHTML(false)
			err = enc.Encode(map[string]any{"format": listFormat, "users": users})
		case term.IsTerminal(int(os.Stdout.Fd())):
			showUsers(out, users)
		default:
			for _, u := range users {
				fmt.Fprintln(out, strings.Join(u.cells(time.RFC3339), "\t"))
			}
		}
		return errors.Join(err, out.Flush())
	})
}

// listed leaves out a step that was over before the enrolment: it was another's.
func listed(c config.Config, e state.Listed) enrolledUser {
	form := c.TOTP.For(e.Enrolment)
	u := enrolledUser{User: shown(e.Identity), Enrolled: e.Created.Local().Truncate(time.Second), RecoveryCodes: e.RecoveryCodes,
		Digits: form.Digits, Period: int(form.Period / time.Second), Algorithm: form.Algorithm}
	if u.Algorithm == "" {
		u.Algorithm = "SHA1"
	}
	if last := time.Unix(int64(e.SpentStep), 0); last.Add(form.Period).After(e.Created) {
		if last.Before(u.Enrolled) {
			last = u.Enrolled
		}
		u.LastUsed = &last
	}
	return u
}

func (u enrolledUser) cells(layout string) []string {
	last := "-"
	if u.LastUsed != nil {
		last = u.LastUsed.Format(layout)
	}
	return []string{u.User, u.Enrolled.Format(layout), last, strconv.Itoa(u.RecoveryCodes)}
}

func showUsers(out *bufio.Writer, users []enrolledUser) {
	if len(users) == 0 {
		fmt.Fprintln(out, "nobody is enrolled")
		return
	}
	rows := [][]string{{"USER", "ENROLLED", "LAST USED", "RECOVERY CODES"}}
	for _, u := range users {
		rows = append(rows, u.cells("2006-01-02 15:04"))
	}
	printTable(out, styleOf(os.Stdout), rows)
}

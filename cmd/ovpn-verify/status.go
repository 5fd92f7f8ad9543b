package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"ovpn-verify/verify/config"
	"ovpn-verify/verify/state"
	"ovpn-verify/verify/status"
)

// statusCommand tells what the workers did and how the servers answered. It starts
// no worker, asks no server and changes nothing.
type statusCommand struct {
	JSON bool `help:"Print one JSON document."`
}

// stateTimeout bounds the look at the state: whoever monitors waits for it.
const stateTimeout = 3 * time.Second

// Run exits 0 when everything could be told, whether it is good or bad.
func (cmd *statusCommand) Run(path *configFlag) error {
	return withStore(path, func(_ context.Context, c config.Config, store *state.Store) error {
		s, fault := readStatus(c, store)
		doc := statusDocument(s, fault)
		if cmd.JSON {
			doc.print()
			if fault != nil {
				return &statusError{exitProblem, nil}
			}
			return nil
		}
		if !errors.Is(fault, fs.ErrPermission) { // of what another user may not read it would tell that there is nothing
			doc.show(styleOf(os.Stdout))
		}
		return fault
	})
}

// currentStatus is what is known of the service.
type currentStatus struct {
	now     time.Time
	counted status.Snapshot
	locks   []state.LockOut
	avoided map[string]time.Time // servers that are asked last, by backend and name
}

// readStatus tells as much as it can.
func readStatus(c config.Config, store *state.Store) (s currentStatus, err error) {
	s.now = time.Now()
	counted, err := status.Read(status.PathFor(c.State.Path))
	switch {
	case errors.Is(err, fs.ErrNotExist): // nobody has logged in yet
		err = nil
	case err != nil:
		err = fmt.Errorf("status: %w", err)
	}
	s.counted = counted
	if _, statErr := os.Stat(c.State.Path); errors.Is(statErr, fs.ErrNotExist) {
		return s, err
	}
	return s, errors.Join(err, s.readState(c, store))
}

func (s *currentStatus) readState(c config.Config, store *state.Store) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), stateTimeout)
	defer cancel()
	if s.locks, err = store.LockedOut(ctx, s.now); err != nil {
		return err
	}
	slices.SortFunc(s.locks, func(a, b state.LockOut) int {
		return strings.Compare(b.Kind+"\x00"+a.Name, a.Kind+"\x00"+b.Name) // users first
	})
	var names []string
	for _, v := range s.counted.Servers {
		names = append(names, serverMemory{store, v.Backend}.name(v.Name))
	}
	s.avoided, err = store.AvoidedServers(ctx, names, s.now)
	return err
}

// show prints it for people.
func (d statusJSON) show(paint style) {
	for _, w := range d.Workers {
		fmt.Printf("%-12s %s since %s, process %d, %d logins under way, %s, version %s\n",
			"worker", paint.green("running"), w.Started, w.PID, w.Pending, w.Config, w.Version)
	}
	if !d.Running {
		fmt.Printf("%-12s none is running: the next login starts one\n", "worker")
	}
	if d.Since == "" {
		fmt.Printf("%-12s none yet\n", "logins")
	} else {
		d.showLogins(paint)
	}
	for _, v := range d.Servers {
		v.show(paint)
	}
	for _, l := range d.Locked {
		fmt.Printf("%s %s %s until %s\n", paint.yellow(fmt.Sprintf("%-12s", "locked out")), l.Kind, l.Name, l.Until)
	}
	if len(d.Locked) == 0 && len(d.Faults) == 0 {
		fmt.Printf("%-12s nobody\n", "locked out")
	}
}

func (d statusJSON) showLogins(paint style) {
	fmt.Printf("%-12s %d since %s%s\n", "logins", d.Logins.Count, d.Since, d.Logins.times())
	for _, verdict := range []string{"accepted", "challenged", "refused", "unavailable"} {
		var count uint64
		var reasons []string
		for _, l := range d.Ends {
			if l.Verdict != verdict {
				continue
			}
			count += l.Count
			if l.Reason != "" {
				reasons = append(reasons, fmt.Sprintf("%s %d", l.Reason, l.Count))
			}
		}
		text := fmt.Sprint(count)
		if verdict == "unavailable" && count > 0 {
			text = paint.yellow(text)
		}
		if len(reasons) > 0 {
			text += ": " + strings.Join(reasons, ", ")
		}
		fmt.Printf("  %-12s %s\n", verdict, text)
	}
}

func (v serverJSON) show(paint style) {
	health := paint.green("up")
	if !v.Up {
		health = paint.red("down")
	}
	fmt.Printf("%-12s %s %s since %s, %d requests, %d without an answer%s\n",
		"server", v.Server, health, v.Changed, v.Requests.Count, v.Failures, v.Requests.times())
	if v.Answered != "" {
		fmt.Printf("  %-12s %s in %.1f ms\n", "last answer", v.Answered, v.LastMS)
	}
	if v.Cause != "" {
		fmt.Printf("  %-12s %s\n", "last failure", v.Cause)
	}
	if v.AskedLastUntil != "" {
		fmt.Printf("  %-12s %s\n", "asked last", "until "+v.AskedLastUntil)
	}
}

// times is empty where there are none.
func (t timesJSON) times() string {
	if t.Count == 0 {
		return ""
	}
	text := fmt.Sprintf("; mean %.1f ms", t.MeanMS)
	if t.P95MS > 0 {
		text += fmt.Sprintf(", 95 %% within %g ms", t.P95MS)
	}
	return text
}

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"ovpn-verify/scripts/testbed"
)

// atOnce are how many logins are under way at a time.
var atOnce = []int{1, 8, 64}

// warmUp logins go before each figure: they start the worker, and have it
// connected.
const warmUp = 64

// group is what the table shows together: a backend, with or without a code.
type group struct {
	backend backend
	codes   bool
	places  []place
}

// place is where state, log and OpenVPN's temporary files are.
type place struct {
	name  string
	rates []rate // one for each of atOnce
}

func measure(o options) (groups []group, err error) {
	for _, b := range backends {
		if o.only != "" && o.only != b.name {
			continue
		}
		up, err := b.start(o.Disk(), len(atOnce)*(o.Logins+warmUp))
		if err != nil {
			return nil, err
		}
		var errs [2]error
		for i, codes := range []bool{false, true} {
			g := group{backend: up, codes: codes}
			g.places, errs[i] = places(o, g)
			groups = append(groups, g)
		}
		if err := errors.Join(errs[0], errs[1], up.stop()); err != nil {
			return nil, fmt.Errorf("%s: %w", b.name, err)
		}
	}
	return groups, nil
}

func places(o options, g group) (all []place, err error) {
	for _, p := range o.Places {
		dir := filepath.Join(p.Dir, fmt.Sprintf("%s-%v", g.backend.stand.Backend, g.codes))
		rates, err := g.at(o, dir)
		if err != nil {
			return nil, err
		}
		all = append(all, place{p.Name, rates})
	}
	return all, nil
}

// at measures with one worker, whose state begins empty. Each login is another
// user's: a code is good once, and what one costs does not hang on those before.
func (g group) at(o options, dir string) (rates []rate, err error) {
	users := newUsers(o, dir, g.codes)
	if err := g.prepare(dir, users); err != nil {
		return nil, err
	}
	defer func() {
		for _, w := range testbed.Workers(dir) {
			if e := w.Kill(); !errors.Is(e, syscall.ESRCH) {
				err = errors.Join(err, e)
			}
		}
	}()
	for _, n := range atOnce {
		r, err := g.rate(dir, users, n, o)
		if err != nil {
			return nil, fmt.Errorf("%s, %d at a time: %w", dir, n, err)
		}
		rates = append(rates, r)
	}
	return rates, nil
}

func (g group) prepare(dir string, u *users) error {
	s := g.backend.stand
	if g.codes {
		s.SecondFactor = "totp"
	}
	err := errors.Join(s.Write(dir), os.Mkdir(filepath.Join(dir, callsFolder), 0o755))
	if err != nil || !g.codes {
		return err
	}
	return u.enrol()
}

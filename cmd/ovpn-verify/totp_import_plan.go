package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"time"

	"ovpn-verify/backends/file"
	"ovpn-verify/challenge"
	"ovpn-verify/challenge/migrate"
	"ovpn-verify/verify/config"
	"ovpn-verify/verify/state"
)

// importPlan is what an import would change.
type importPlan struct {
	cmd    *totpImport
	config config.Config
	now    time.Time

	users []state.NewEnrolment
	made  []state.NewEnrolment // those of users whose secret is new
	same  int                  // were enrolled with the same secret
}

// make returns every reason against it.
func (p *importPlan) make(entries []migrate.Entry, known []state.Enrolment) error {
	enrolled := map[string]state.Enrolment{}
	for _, e := range known {
		enrolled[state.Key(e.Identity)] = e
	}
	seen := map[string]string{}
	var faults []error
	for _, e := range entries {
		fault := func(format string, a ...any) {
			faults = append(faults, fmt.Errorf("%s: "+format, append([]any{e.Place}, a...)...))
		}
		key := state.Key(e.User)
		before, twice := seen[key]
		if !twice {
			seen[key] = e.Place
		}
		there, exists := enrolled[key]
		switch user := p.enrolment(e); {
		case e.User == "":
			fault("it does not say whose it is: --user NAME")
		case file.CheckName(e.User) != nil:
			fault("%w", file.CheckName(e.User))
		case twice:
			fault("%q is there twice, first at %s", e.User, before)
		case e.SpentStep > uint64(p.now.Add(time.Hour).Unix()):
			fault("codes of the future were used there (DISALLOW_REUSE), and none would be right here until then: remove the numbers")
		case p.config.TOTP.Appended && user.Digits != p.config.TOTP.Digits:
			fault("codes of %d digits, and totp.appended takes as many off a password as totp.digits says: %d", user.Digits, p.config.TOTP.Digits)
		case e.Seed.Empty() && p.cmd.Output == "" && !p.cmd.DryRun:
			fault("%q has no secret; a new one needs a file to go to: --output FILE", e.User)
		case exists && !p.cmd.Replace && !e.Seed.Empty() && p.alike(there, user):
			p.same++
		case exists && !p.cmd.Replace:
			fault("%q is enrolled already, and not with this secret: --replace", e.User)
		default:
			p.add(user, e.Seed.Empty())
		}
	}
	return errors.Join(faults...)
}

func (p *importPlan) alike(there state.Enrolment, e state.NewEnrolment) bool {
	was, is := p.config.TOTP.For(there), p.config.TOTP.For(e.Enrolment)
	return there.Seed.Equal(e.Seed) && was.Digits == is.Digits && was.Period == is.Period &&
		cmp.Or(was.Algorithm, "SHA1") == cmp.Or(is.Algorithm, "SHA1")
}

func (p *importPlan) add(e state.NewEnrolment, isNew bool) {
	if isNew {
		e.Seed = challenge.NewSeed()
		if len(e.RecoveryCodes) == 0 {
			e.RecoveryCodes = newRecoveryCodes()
		}
		p.made = append(p.made, e)
	}
	p.users = append(p.users, e)
}

// enrolment is the entry with the configuration's form where it has none itself.
func (p *importPlan) enrolment(e migrate.Entry) state.NewEnrolment {
	form := p.config.TOTP.For(state.Enrolment{Algorithm: e.Form.Algorithm, Digits: e.Form.Digits, Period: e.Form.Period})
	return state.NewEnrolment{
		Enrolment: state.Enrolment{Identity: e.User, Seed: e.Seed, Created: p.now,
			Algorithm: form.Algorithm, Digits: form.Digits, Period: form.Period},
		RecoveryCodes: e.RecoveryCodes, SpentStep: e.SpentStep,
	}
}

// output is a table for whoever hands the secrets out; `totp import` reads it too.
func (p *importPlan) output() []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"user", "uri", "recovery_codes"})
	for _, e := range p.made {
		codes := make([]string, len(e.RecoveryCodes))
		for i, code := range e.RecoveryCodes {
			codes[i] = string(code.Reveal())
		}
		uri := p.config.TOTP.For(e.Enrolment).URI(p.config.TOTP.Issuer, e.Identity, e.Seed)
		_ = w.Write([]string{e.Identity, uri, strings.Join(codes, " ")})
	}
	w.Flush() // to memory: no error is possible
	return b.Bytes()
}

func (p *importPlan) notes() (text string) {
	if p.same > 0 {
		text += fmt.Sprintf("; %d were enrolled with the same secret before", p.same)
	}
	if len(p.made) > 0 && !p.cmd.DryRun {
		text += fmt.Sprintf("; %d new secrets are in %s", len(p.made), shown(p.cmd.Output))
	} else if len(p.made) > 0 {
		text += fmt.Sprintf("; %d of them with a new secret, which needs --output FILE", len(p.made))
	}
	return text
}

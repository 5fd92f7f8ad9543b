package ldap

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest/fakeldap"
	"ovpn-verify/verify/primary"
)

func TestStillThere(t *testing.T) {
	t.Parallel()
	now := time.Now()
	filetime := func(at time.Time) string { return fmt.Sprint((at.Unix() + windowsEpoch) * ticks) }
	days := func(at time.Time) string { return fmt.Sprint(at.Unix() / daySeconds) }
	for name, c := range map[string]struct {
		attribute, value string
		want             outcome
	}{
		"as it was":               {"cn", "Ada", accepted},
		"AD, enabled":             {"userAccountControl", "512", accepted},
		"AD, disabled":            {"userAccountControl", "514", refused},
		"AD, never expires":       {"accountExpires", "9223372036854775807", accepted},
		"AD, never, written as 0": {"accountExpires", "0", accepted},
		"AD, expired":             {"accountExpires", filetime(now.Add(-time.Hour)), refused},
		"AD, expires later":       {"accountExpires", filetime(now.Add(time.Hour)), accepted},
		"389, locked":             {"nsAccountLock", "TRUE", refused},
		"389, not locked":         {"nsAccountLock", "false", accepted},
		"locked for good":         {"pwdAccountLockedTime", "000001010000Z", refused},
		"locked for a while":      {"pwdAccountLockedTime", "20261122120000Z", accepted},
		"shadow, expired":         {"shadowExpire", days(now.Add(-48 * time.Hour)), refused},
		"shadow, expires later":   {"shadowExpire", days(now.Add(48 * time.Hour)), accepted},
		"shadow, never":           {"shadowExpire", "-1", accepted},
		"in no required group":    {"memberOf", "cn=other,dc=org", refused},
		"under another name":      {"uid", "lovelace", refused},
	} {
		o := fakeldap.Example()
		o.Entries[1].Attributes[c.attribute] = []string{c.value}
		s := start(t, o)
		config := exampleConfig(t, s)
		config.RequiredGroups = []string{fakeldap.ExampleGroupDN}
		id, err := newBackend(t, config).StillThere(t.Context(), &primary.Request{Username: "ada"})
		if got := outcomeOf(t, id, err); got != c.want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
		if _, kept := id.Attributes[c.attribute]; kept && slices.Contains(accountAttributes, c.attribute) {
			t.Errorf("%s: the identity has %s", name, c.attribute)
		}
		if binds := s.Counts().Binds; len(binds) != 1 || binds[0] != fakeldap.ExampleServiceDN {
			t.Errorf("%s: binds %q", name, binds)
		}
	}
}

func TestStillThereIsNotDecidedInAnOutage(t *testing.T) {
	t.Parallel()
	s := start(t, exampleWith(fakeldap.SearchUser, fakeldap.Fault{Code: 52}))
	ask := func(c Config, name string) error {
		_, err := newBackend(t, c).StillThere(t.Context(), &primary.Request{Username: name})
		return err
	}
	if err := ask(exampleConfig(t, s), "ada"); err == nil || errors.Is(err, primary.ErrRefused) {
		t.Errorf("%v", err)
	}
	if err := ask(templateConfig(t, s), "ada"); !errors.Is(err, errors.ErrUnsupported) || errors.Is(err, primary.ErrRefused) {
		t.Errorf("%v", err)
	}
	if err := ask(exampleConfig(t, s), ""); !errors.Is(err, primary.ErrRefused) {
		t.Errorf("%v", err)
	}
}

// Package backendtest holds the promises that every backend keeps, as one test
// suite that each of them passes.
package backendtest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
)

// Checker is what the suite exercises; every backend is one.
type Checker interface {
	CheckPassword(context.Context, *primary.Request) (primary.Identity, error)
}

// Suite describes a backend with one known user.
type Suite struct {
	Backend  Checker
	Username string // right user name
	Identity string // its spelling in the directory
	Password string // right password, at least 8 characters
}

// Run checks every promise.
func (s Suite) Run(t *testing.T) {
	t.Run("right password gives the identity", s.right)
	t.Run("what must be refused is refused", s.refused)
	t.Run("an ended context is an outage", s.ended)
	t.Run("twenty at once do not mix", s.concurrent)
}

func (s Suite) check(ctx context.Context, user, password string) (primary.Identity, error) {
	return s.Backend.CheckPassword(ctx, &primary.Request{
		Username: user, Password: secret.FromString(password), LoginID: "backendtest",
	})
}

func (s Suite) right(t *testing.T) {
	id, err := s.check(t.Context(), s.Username, s.Password)
	if err != nil || id.Name != s.Identity {
		t.Fatalf("identity %q, error %v; want %q", id.Name, err, s.Identity)
	}
}

func (s Suite) refused(t *testing.T) {
	for name, c := range map[string]struct{ user, password string }{
		"wrong password":                  {s.Username, "not-" + s.Password},
		"password cut short":              {s.Username, s.Password[:len(s.Password)-1]},
		"password with a tail":            {s.Username, s.Password + "x"},
		"right password with a NUL":       {s.Username, s.Password + "\x00"},
		"NUL alone":                       {s.Username, "\x00"},
		"empty password":                  {s.Username, ""},
		"unknown user":                    {"nobody-by-that-name", s.Password},
		"unknown user and empty password": {"nobody-by-that-name", ""},
		"wildcard user":                   {"*", s.Password},
		"filter injection":                {s.Username + ")(uid=*", s.Password},
		"DN injection":                    {s.Username + ",dc=example", s.Password},
		"path as a user":                  {"../" + s.Username, s.Password},
	} {
		t.Run(name, func(t *testing.T) {
			id, err := s.check(t.Context(), c.user, c.password)
			if !errors.Is(err, primary.ErrRefused) {
				t.Fatalf("identity %q, error %v; want a refusal", id.Name, err)
			}
			if why, told := errors.AsType[primary.Refusal](err); !told || name == "wrong password" && !guess(why) || name == "unknown user" && !guess(why) {
				t.Errorf("the refusal's reason is %q", why)
			}
			if id.Name != "" {
				t.Errorf("a refusal came with the identity %q", id.Name)
			}
			if len(c.password) > 1 && strings.Contains(err.Error(), c.password) {
				t.Errorf("the error quotes the password: %v", err)
			}
		})
	}
}

// guess tells of the reasons that a wrong password may have.
func guess(why primary.Refusal) bool {
	return why == primary.WrongPassword || why == primary.UnknownUser || why == primary.Rejected
}

func (s Suite) ended(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	began := time.Now()
	_, err := s.check(ctx, s.Username, s.Password)
	if err == nil || errors.Is(err, primary.ErrRefused) {
		t.Errorf("error %v; want an outage", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("an ended context took %v", took)
	}
}

func (s Suite) concurrent(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			password := s.Password
			if i%2 == 1 {
				password = "not-" + password
			}
			_, err := s.check(t.Context(), s.Username, password)
			if right := err == nil; right != (i%2 == 0) {
				t.Errorf("login %d: %v", i, err)
			}
		})
	}
	wg.Wait()
}

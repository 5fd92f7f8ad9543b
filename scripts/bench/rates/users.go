package main

import (
	"bytes"
	"encoding/base32"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"ovpn-verify/scripts/bench/stand"
	"ovpn-verify/scripts/testbed"
)

// callsFolder is for OpenVPN's temporary files.
const callsFolder = "calls"

// users log in once each.
type users struct {
	binary, dir string
	codes       bool
	next        int
	all         int
}

func newUsers(o options, dir string, codes bool) *users {
	return &users{binary: o.Binary, dir: dir, codes: codes, all: len(atOnce) * (o.Logins + warmUp)}
}

// seed is another for each.
func seed(user int) string {
	return base32.StdEncoding.EncodeToString(fmt.Appendf(nil, "seed of user %7d", user))
}

// enrol is what an administrator does with a staff.
func (u *users) enrol() error {
	var staff bytes.Buffer
	staff.WriteString("user,secret\n")
	for i := range u.all {
		fmt.Fprintf(&staff, "%s,%s\n", stand.User(i), seed(i))
	}
	cmd := exec.Command(u.binary, "totp", "import", "--config", stand.Config(u.dir), "-")
	cmd.Stdin = &staff
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("totp import: %w\n%s", err, out)
	}
	return nil
}

// calls are the logins of users who have not logged in before. A code is made now,
// and taken for half a minute at least.
func (u *users) calls(n int) ([]testbed.Call, error) {
	calls := make([]testbed.Call, n)
	for i := range calls {
		calls[i] = stand.Call(u.binary, u.dir, u.next)
		if u.codes {
			code, err := hotp.GenerateCodeCustom(seed(u.next), uint64(time.Now().Unix()/30), hotp.ValidateOpts{Digits: otp.DigitsSix})
			if err != nil {
				return nil, err
			}
			calls[i].Password = testbed.Static(stand.Password, code)
		}
		u.next++
	}
	return calls, nil
}

func (u *users) storm(n, atOnce int) (testbed.Storm, error) {
	calls, err := u.calls(n)
	return testbed.Storm{Calls: calls, Dir: filepath.Join(u.dir, callsFolder), AtOnce: atOnce, UntilVerdict: true}, err
}

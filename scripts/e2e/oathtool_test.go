//go:build e2e

package e2e_test

import (
	"encoding/base32"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/secret"
)

// oathtool computes codes, as many as --window says and one more.
func oathtool(t *testing.T, at time.Time, args ...string) []string {
	t.Helper()
	args = append([]string{"--now=@" + strconv.FormatInt(at.Unix(), 10)}, args...)
	out, err := exec.CommandContext(t.Context(), "oathtool", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("oathtool %q: %v: %s", args, err, out)
	}
	return strings.Fields(string(out))
}

// Codes of another program are right here, in each form, and at no other time.
func TestCodesAgreeWithOathtool(t *testing.T) {
	compared := 0
	for _, algorithm := range []string{"SHA1", "SHA256", "SHA512"} {
		for _, digits := range []int{6, 7, 8} {
			for _, period := range []time.Duration{30 * time.Second, time.Minute} {
				form := challenge.TOTP{Algorithm: algorithm, Digits: digits, Period: period}
				seed := challenge.NewSeed()
				now := time.Now().Truncate(period)
				for i, code := range oathtool(t, now, "--totp="+algorithm, "--base32", "--window=99", fmt.Sprintf("--digits=%d", digits),
					fmt.Sprintf("--time-step-size=%ds", int(period.Seconds())), base32.StdEncoding.EncodeToString(seed.Reveal())) {
					at := now.Add(time.Duration(i) * period)
					step, right := form.Match(seed, secret.FromString(code), at)
					_, early := form.Match(seed, secret.FromString(code), at.Add(-time.Second))
					if !right || step != uint64(at.Unix()) || early {
						t.Fatalf("%+v at %v: %v, step %d, a second before: %v", form, at, right, step, early)
					}
					compared++
				}
			}
		}
	}
	t.Logf("%d codes compared", compared)
}

package challenge_test

import (
	"testing"
	"time"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/secret"
)

var (
	rfcSeed = secret.FromString("12345678901234567890") // RFC 6238 appendix B
	six     = challenge.TOTP{Digits: 6, Period: 30 * time.Second, Skew: 1}
)

func TestMatchGivesTheVectorsOfRFC6238(t *testing.T) {
	eight := challenge.TOTP{Digits: 8, Period: 30 * time.Second}
	for unix, code := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471",
		1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		step, ok := eight.Match(rfcSeed, secret.FromString(code), time.Unix(unix, 0))
		if want := uint64(unix - unix%30); !ok || step != want {
			t.Errorf("at %d: step %d, %v, want %d", unix, step, ok, want)
		}
	}
}

// The seeds are as long as the hash, as RFC 6238's appendix B has them (erratum 2866).
func TestMatchKnowsTheRFCsOtherAlgorithms(t *testing.T) {
	for algorithm, c := range map[string]struct{ seed, code string }{
		"SHA256": {"12345678901234567890123456789012", "90698825"},
		"SHA512": {"1234567890123456789012345678901234567890123456789012345678901234", "38618901"},
	} {
		eight := challenge.TOTP{Algorithm: algorithm, Digits: 8, Period: 30 * time.Second}
		now := time.Unix(2000000000, 0)
		if _, ok := eight.Match(secret.FromString(c.seed), secret.FromString(c.code), now); !ok {
			t.Errorf("%s: the right code is refused", algorithm)
		}
		eight.Algorithm = "SHA1"
		if _, ok := eight.Match(secret.FromString(c.seed), secret.FromString(c.code), now); ok {
			t.Errorf("%s: right as SHA1 as well", algorithm)
		}
	}
}

func TestMatchAcceptsSkewAndNoMore(t *testing.T) {
	const at = 1234567890 // a multiple of 30
	code := secret.FromString("005924")
	for offset, want := range map[int64]bool{-31: false, -30: true, -1: true, 0: true, 29: true, 30: true, 59: true, 60: false} {
		step, ok := six.Match(rfcSeed, code, time.Unix(at+offset, 0))
		if ok != want || (ok && step != at) {
			t.Errorf("%d s off: step %d, %v, want %v", offset, step, ok, want)
		}
	}
}

func TestMatchReadsCodesAsTyped(t *testing.T) {
	now := time.Unix(1234567890, 0)
	for typed, want := range map[string]bool{
		"005924": true, "005 924": true, " 00 59 24 ": true,
		"": false, "5924": false, "0005924": false, "00592４": false, "005924\n": false, "005\t924": false,
		"+05924": false, "005925": false, "89005924": false, "005\u00a0924": false,
	} {
		if _, ok := six.Match(rfcSeed, secret.FromString(typed), now); ok != want {
			t.Errorf("%q: %v, want %v", typed, ok, want)
		}
	}
}

func TestMatchRefusesWhatItCannotCheck(t *testing.T) {
	now, code := time.Unix(59, 0), secret.FromString("287082")
	if _, ok := six.Match(rfcSeed, code, now); !ok {
		t.Fatal("the right code is refused")
	}
	for name, c := range map[string]challenge.TOTP{
		"zero": {}, "5 digits": {Digits: 5, Period: 30 * time.Second}, "9 digits": {Digits: 9, Period: 30 * time.Second},
		"no period": {Digits: 6}, "period under a second": {Digits: 6, Period: time.Millisecond},
		"unknown algorithm": {Algorithm: "MD5", Digits: 6, Period: 30 * time.Second},
		"negative skew":     {Digits: 6, Period: 30 * time.Second, Skew: -1},
	} {
		if _, ok := c.Match(rfcSeed, code, now); ok {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, ok := six.Match(secret.Text{}, secret.FromString("328482"), time.Unix(0, 0)); ok {
		t.Error("an empty seed matches")
	}
	if _, ok := six.Match(rfcSeed, code, time.Unix(-3600, 0)); ok {
		t.Error("a time before 1970 matches")
	}
}

// With 6 digits and 4,001 steps the seed gives the same code in several steps.
func TestMatchSpendsTheLaterOfTwoSteps(t *testing.T) {
	wide := challenge.TOTP{Digits: 6, Period: 30 * time.Second, Skew: 2000}
	exact := challenge.TOTP{Digits: 6, Period: 30 * time.Second}
	const first, second, code = 336 * 30, 2205 * 30, "143951"
	now := time.Unix(first, 0)
	if step, ok := exact.Match(rfcSeed, secret.FromString(code), now); !ok || step != first {
		t.Fatalf("step %d, %v", step, ok)
	}
	if step, ok := wide.Match(rfcSeed, secret.FromString(code), now); !ok || step != second {
		t.Errorf("step %d, %v: a code could be used once for each step it fits", step, ok)
	}
}

func TestNewSeedHas160FreshBits(t *testing.T) {
	a, b := challenge.NewSeed(), challenge.NewSeed()
	if len(a.Reveal()) != 20 || a.Equal(b) {
		t.Errorf("%d bytes, equal: %v", len(a.Reveal()), a.Equal(b))
	}
}

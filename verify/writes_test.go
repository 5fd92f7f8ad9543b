package verify

import (
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"ovpn-verify/verify/secret"
)

// What a login has to wait for most is the disk: it is written to twice, before the
// directory is asked and before the verdict, whatever there is to keep.
func TestALoginWritesTwice(t *testing.T) {
	f := newFixture(t, func(p *Pipeline) { p.TOTP.Appended, p.Limits = true, DefaultLimitsConfig() })
	atPort := uint16(1000)
	login := func(field string) (Decision, uint64) {
		atPort++
		before := f.transactions()
		d := f.Decide(t.Context(), Login{ID: "test", Username: "ada", Password: secret.FromString(field), CanChallenge: true,
			ClientIP: netip.MustParseAddr("192.0.2.7"), ClientPort: atPort, Daemon: "1"})
		return d, f.transactions() - before
	}
	want := func(what string, v Verdict, writes uint64, d Decision, n uint64) Decision {
		if d.Verdict != v || n != writes {
			t.Errorf("%s: %v (%v) with %d writes, want %v with %d", what, d.Verdict, d.Cause, n, v, writes)
		}
		return d
	}
	d, n := login("pw-ada")
	q := want("password, and a question", Challenged, 2, d, n)
	d, n = login(dynamic(q, f.code("ada", 0)))
	want("the answer", Accepted, 2, d, n)
	d, n = login("pw-ada" + f.code("ada", 1))
	want("password and code", Accepted, 2, d, n)
	d, n = login("pw-ada" + f.code("ada", 1))
	want("the same again", Refused, 2, d, n)
	d, n = login("wrong")
	want("a wrong password", Refused, 2, d, n)
	d, n = login("pw-ada123456")
	want("a wrong code, which might be a recovery code", Refused, 2, d, n)
	f.Login.SecondFactor = factorNone
	d, n = login("pw-ada")
	want("a password", Accepted, 2, d, n)
	atPort--
	d, n = login("pw-ada")
	want("a renegotiation with the password", Accepted, 2, d, n)
	f.Limits.Failures = 0
	d, n = login("pw-ada")
	want("a password, without limits", Accepted, 1, d, n)
}

// transactions is the number of the last one that the store's file has.
func (f *fixture) transactions() (last uint64) {
	f.t.Helper()
	b, err := os.ReadFile(filepath.Join(f.dir, "state.db"))
	if err != nil {
		f.t.Fatal(err)
	}
	for page := range 2 { // of two meta pages the number is at byte 64
		last = max(last, binary.NativeEndian.Uint64(b[page*4096+64:]))
	}
	return last
}

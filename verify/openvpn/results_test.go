package openvpn_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"ovpn-verify/verify/openvpn"
)

type files struct{ control, reason string }

func results(t *testing.T) (*openvpn.Results, files) {
	t.Helper()
	f := files{filepath.Join(t.TempDir(), "acf"), filepath.Join(t.TempDir(), "afr")}
	if err := os.WriteFile(f.reason, []byte("a neutral text that is longer than any verdict's"), 0o600); err != nil {
		t.Fatal(err)
	}
	reason, err := os.OpenFile(f.reason, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	control, err := os.Create(f.control)
	if err != nil {
		t.Fatal(err)
	}
	return openvpn.NewResults(control, reason), f
}

func (f files) want(t *testing.T, control, reason string) {
	t.Helper()
	c, _ := os.ReadFile(f.control)
	r, _ := os.ReadFile(f.reason)
	if string(c) != control || string(r) != reason {
		t.Errorf("control %q, reason %q; want %q, %q", c, r, control, reason)
	}
}

func TestVerdictReplacesTheNeutralReason(t *testing.T) {
	r, f := results(t)
	if err := r.Accept(); err != nil {
		t.Error(err)
	}
	f.want(t, "1", "")
	r, f = results(t)
	if err := r.Refuse("short"); err != nil {
		t.Error(err)
	}
	f.want(t, "0", "short")
}

func TestOnlyTheFirstVerdictCounts(t *testing.T) {
	r, f := results(t)
	if err := r.Refuse("no"); err != nil {
		t.Error(err)
	}
	if err := r.Accept(); err != openvpn.ErrDecided {
		t.Errorf("a second verdict: %v", err)
	}
	f.want(t, "0", "no")
	r, f = results(t)
	r.Abandon()
	if err := r.Accept(); err != openvpn.ErrDecided {
		t.Errorf("after Abandon: %v", err)
	}
	f.want(t, "", "a neutral text that is longer than any verdict's")
}

func TestTwentyVerdictsAtOnceWriteOne(t *testing.T) {
	r, f := results(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { _ = r.Refuse("no") })
	}
	wg.Wait()
	f.want(t, "0", "no")
}

func TestRefusalIsWrittenWhenTheReasonCannotBe(t *testing.T) {
	dir := t.TempDir()
	control, err := os.Create(filepath.Join(dir, "acf"))
	if err != nil {
		t.Fatal(err)
	}
	readOnly, err := os.Open(filepath.Join(dir, "acf"))
	if err != nil {
		t.Fatal(err)
	}
	if err := openvpn.NewResults(control, readOnly).Refuse("no"); err == nil {
		t.Error("the reason was lost without an error")
	}
	if got, _ := os.ReadFile(filepath.Join(dir, "acf")); string(got) != "0" {
		t.Errorf("control %q", got)
	}
}

//go:build e2e

package e2e_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// State, log and the daemon's temporary folder share a disk that fills up: no
// login hangs, gets in without its code being kept, or reads that the code is
// wrong; with space the next one gets in.
func TestFullDisk(t *testing.T) {
	w := newWorld(t)
	if err := syscall.Mount("tmpfs", w.dir, "tmpfs", 0, "size=1m,mode=0755"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(w.dir, syscall.MNT_DETACH) })
	w.give(w.dir)
	w.configure(strings.Replace(fileSection, `"none"`, `"totp"`, 1))
	w.run("lovelace-1815\n", "user", "add", "ada", "--password-stdin")
	w.enroll("ada")
	scratch := w.path("scratch")
	if err := os.Mkdir(scratch, 0o700); err != nil {
		t.Fatal(err)
	}
	code := w.code("ada")
	for _, left := range []int64{0, 1 << 12, 2 << 12, 4 << 12} {
		w.fill(left)
		r, err := w.callFrom(scratch, code, 50000)
		if w.onFullDisk(left, r, err) {
			code = w.code("ada") // it is spent
		}
		if err := os.Remove(w.path("ballast")); err != nil {
			t.Fatal(err)
		}
	}
	r, err := w.callFrom(scratch, code, 50000)
	if err != nil || !r.Accepted() {
		t.Errorf("with space again: %+v, %v", r, err)
	}
	if r, err = w.callFrom(scratch, code, 50001); err != nil || r.Accepted() || r.Reason != refusedText {
		t.Errorf("the same code again: %+v, %v", r, err)
	}
}

// callFrom is a call with password and code whose files are in the folder scratch,
// from a port: the same one again would be a renegotiation.
func (w *world) callFrom(scratch, code string, port int) (testbed.Result, error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	return testbed.Call{
		Binary: binary, Config: w.path("config.toml"), Dir: scratch, Port: port,
		Username: "ada", Password: testbed.Static("lovelace-1815", code), Window: 20 * time.Second,
	}.Run(ctx)
}

// onFullDisk looks at what came of a login with the right code.
func (w *world) onFullDisk(left int64, r testbed.Result, err error) (accepted bool) {
	w.t.Helper()
	switch {
	case errors.Is(err, syscall.ENOSPC): // the daemon itself could not make its files
	case err != nil:
		w.t.Fatal(err)
	case r.Status == 2 && r.Verdict == 0:
		w.t.Errorf("with %d bytes left the login hangs: %+v", left, r)
	case !r.Accepted() && r.Reason == refusedText:
		w.t.Errorf("with %d bytes left the right code was refused: %+v", left, r)
	default:
		w.t.Logf("with %d bytes left: status %d, verdict %q, %s", left, r.Status, r.Verdict, r.Reason)
	}
	return err == nil && r.Accepted()
}

// fill leaves so many bytes of the disk.
func (w *world) fill(left int64) {
	w.t.Helper()
	f, err := os.OpenFile(w.path("ballast"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 1<<12)
	for err == nil {
		_, err = f.Write(page)
	}
	info, err := f.Stat()
	if err == nil {
		err = f.Truncate(max(0, info.Size()-left))
	}
	if err != nil {
		w.t.Fatal(filepath.Base(f.Name()), err)
	}
}

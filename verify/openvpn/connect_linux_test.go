package openvpn_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"ovpn-verify/verify/openvpn"
)

// A disk that is full, here a file that is sealed against growing, costs the
// session its directives and not more.
func TestSessionBeginsWithoutDirectivesThatCannotBeWritten(t *testing.T) {
	fd, err := unix.MemfdCreate("cc", unix.MFD_ALLOW_SEALING)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_GROW); err != nil {
		t.Fatal(err)
	}
	f := files{control: filepath.Join(t.TempDir(), "ccr")}
	deferred, err := os.Create(f.control)
	if err != nil {
		t.Fatal(err)
	}
	err = openvpn.NewConnectResults(deferred, os.NewFile(uintptr(fd), "cc")).Accept("push \"x\"\n")
	if !errors.Is(err, openvpn.ErrNotWritten) {
		t.Error(err)
	}
	f.want(t, "1", "")
}

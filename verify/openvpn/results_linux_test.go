package openvpn

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A file that cannot be made shorter stands for a worker that was killed before it did.
func TestTheTextIsWholeBeforeTheFileIsCut(t *testing.T) {
	fd, err := unix.MemfdCreate("reason", unix.MFD_ALLOW_SEALING|unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "reason")
	defer f.Close()
	if _, err := f.WriteString("a neutral text that is longer"); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"short", ""} {
		if rewrite(f, text) == nil {
			t.Fatal("the file was cut")
		}
		got := make([]byte, 100)
		n, _ := f.ReadAt(got, 0)
		if strings.TrimRight(string(got[:n]), " ") != text {
			t.Errorf("%q, want %q and blanks", got[:n], text)
		}
	}
}

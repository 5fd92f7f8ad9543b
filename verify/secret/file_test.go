package secret_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ovpn-verify/verify/secret"
)

func TestReadFileRefusesWhatOthersMayReadOrWrite(t *testing.T) {
	for mode, want := range map[os.FileMode]string{
		0o600: "", 0o400: "", 0o640: "", 0o440: "",
		0o604: "others could read it", 0o644: "others could read it", 0o606: "others could write it",
		0o660: "others could write it", 0o666: "others could write it", 0o601: "others could read it",
	} {
		path := filepath.Join(t.TempDir(), "file")
		write(t, path, password+"\n", mode)
		text, err := secret.ReadFile(path)
		switch {
		case want == "" && (err != nil || string(text.Reveal()) != password):
			t.Errorf("mode %04o: %v", mode, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("mode %04o: error %v, want %q", mode, err, want)
		case want != "" && !strings.Contains(err.Error(), "chmod 0640 "+path):
			t.Errorf("mode %04o: no command that mends it in %q", mode, err)
		}
	}
}

func TestReadFileRefusesWhatIsNoSecret(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "empty"), "\n", 0o600)
	write(t, filepath.Join(dir, "large"), strings.Repeat("x", 1<<20), 0o600)
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"empty", "large", "pipe", ".", "missing"} {
		if text, err := secret.ReadFile(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s: read as a secret of %d bytes", name, len(text.Reveal()))
		}
	}
}

func TestOpenPublicLetsOthersReadButNotWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for mode, ok := range map[os.FileMode]bool{0o644: true, 0o600: true, 0o664: false, 0o646: false} {
		write(t, path, "x", mode)
		f, err := secret.OpenPublic(path)
		if (err == nil) != ok {
			t.Errorf("mode %04o: %v", mode, err)
		}
		f.Close()
	}
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

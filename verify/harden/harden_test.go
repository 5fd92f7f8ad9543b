package harden_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ovpn-verify/verify/harden"
)

func TestFilesThatNothingNamesAreOutOfReach(t *testing.T) {
	p := tree(t, "secrets/ldap", "secrets/other", "users/users.toml", "users/new", "state/state.db", "log/log", "elsewhere/file")
	beside := func(i int) string { return filepath.Join(filepath.Dir(p[i]), "beside") }
	o := task{
		Files: []harden.File{
			{Path: p[0], Use: harden.Read}, {Path: p[2], Use: harden.ReadAgain},
			{Path: p[4], Use: harden.Keep}, {Path: p[5], Use: harden.Append},
		},
		Open: []string{p[0], p[2], p[3], p[4], p[1], p[5], p[6], "/etc/passwd"},
		Make: []string{beside(4), beside(5), beside(2), beside(6)},
	}.run(t)
	free := !o.confined()
	if want := []bool{true, true, true, true, free, free, free, free}; !slices.Equal(o.Open, want) {
		t.Errorf("read %v, want %v; %q", o.Open, want, o.Notes)
	}
	if want := []bool{true, true, free, free}; !slices.Equal(o.Make, want) {
		t.Errorf("made %v, want %v; %q", o.Make, want, o.Notes)
	}
	if o.Err != "" || o.Changed {
		t.Errorf("%+v", o)
	}
}

// A symbolic link may stand for each file.
func TestLinkedFilesAreWithinReach(t *testing.T) {
	p := tree(t, "real/users.toml", "real/beside", "named/x")
	link := filepath.Join(filepath.Dir(p[2]), "users.toml")
	if err := os.Symlink(p[0], link); err != nil {
		t.Fatal(err)
	}
	o := task{Files: []harden.File{{Path: link, Use: harden.ReadAgain}}, Open: []string{link}}.run(t)
	if !slices.Equal(o.Open, []bool{true}) {
		t.Errorf("%+v", o)
	}
}

// Folders of certificates hold links to wherever an administrator keeps them
// (c_rehash), and what distributions call the bundle may be a link as well.
func TestLinkedCertificatesAreWithinReach(t *testing.T) {
	p := tree(t, "corp/ca.pem", "corp/other", "certs/plain.pem", "bundle/real.pem", "named/x")
	inFolder := filepath.Join(filepath.Dir(p[2]), "0123abcd.0")
	bundle := filepath.Join(filepath.Dir(p[4]), "ca.pem")
	if err := errors.Join(os.Symlink(p[0], inFolder), os.Symlink(p[3], bundle)); err != nil {
		t.Fatal(err)
	}
	o := task{
		Env:  []string{"SSL_CERT_DIR=" + filepath.Dir(p[2]), "SSL_CERT_FILE=" + bundle},
		Open: []string{p[2], bundle, inFolder, p[1]},
	}.run(t)
	if want := []bool{true, true, true, !o.confined()}; !slices.Equal(o.Open, want) || o.Changed {
		t.Errorf("read %v, want %v; %+v", o.Open, want, o)
	}
}

// A root that may do without its capabilities at first needs them for a file of
// somebody else that comes later.
func TestFileOfAnotherOwnerIsNoticed(t *testing.T) {
	if os.Geteuid() != 0 {
		return // only root gives up what would let it read the file
	}
	p := tree(t, "users/users.toml", "users/other")
	if err := os.Chown(p[1], 65533, 65533); err != nil {
		t.Fatal(err)
	}
	o := task{
		Files: []harden.File{{Path: p[0], Use: harden.ReadAgain}, {Path: filepath.Join(filepath.Dir(p[0]), "state.db"), Use: harden.Keep}},
		Move:  [2]string{p[1], p[0]},
	}.run(t)
	// The tests' binary may be one with cgo, which keeps its capabilities.
	kept := slices.Contains(o.Notes, "capabilities: operation not supported")
	if o.Changed == kept || o.Err != "" {
		t.Errorf("%+v", o)
	}
}

// The rules are about files, not their names: a process that may not open what
// took a file's place has to make room for one that may.
func TestFileThatIsReplacedIsNoticed(t *testing.T) {
	p := tree(t, "state/secret", "state/other", "state/state.db")
	files := []harden.File{{Path: p[0], Use: harden.Read}, {Path: p[2], Use: harden.Keep}}
	o := task{Files: files, Move: [2]string{p[1], p[0]}}.run(t)
	if o.Changed != o.confined() || o.Err != "" {
		t.Errorf("%+v", o)
	}
}

func TestUserThatIsNotThere(t *testing.T) {
	for name, want := range map[string]string{
		"no-such-user": `worker.user "no-such-user" is not in this system's list of users (/etc/passwd); a number needs no entry there`,
		"4294967295":   `worker.user "4294967295" is not in this system's list of users (/etc/passwd); a number needs no entry there`,
	} {
		o := task{User: name}.run(t)
		if os.Geteuid() != 0 {
			want = "" // it could not become anybody
		}
		if o.Err != want {
			t.Errorf("%s: %q, want %q", name, o.Err, want)
		}
	}
}

// What belongs to root alone is named with what mends it; a process of anybody
// else says that it stays who it is.
func TestUserThatMayNotReadIsTold(t *testing.T) {
	p := tree(t, "secret", "state/state.db")
	for _, dir := range []string{filepath.Dir(p[0]), filepath.Dir(p[1])} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Dir(filepath.Dir(p[0])), 0o755); err != nil {
		t.Fatal(err)
	}
	o := task{User: "65533", Files: []harden.File{
		{Key: "ldap.bind_password_file", Path: p[0], Use: harden.Read},
		{Key: "state.path", Path: p[1], Use: harden.Keep},
	}}.run(t)
	if os.Geteuid() != 0 {
		note := fmt.Sprintf(`worker.user is "65533", but user id %d started this process and cannot become another`, os.Geteuid())
		if o.Err != "" || !slices.Contains(o.Notes, note) {
			t.Errorf("%+v", o)
		}
		return
	}
	want := fmt.Sprintf(`ldap.bind_password_file: worker.user "65533" may not read %q, which belongs to user id 0, group id 0, with mode 0600; mend it with: chgrp 65533 %[1]s && chmod 0640 %[1]s
state.path: worker.user "65533" may not write to the folder %[2]q, which belongs to user id 0, group id 0, with mode 0755; mend it with: chown 65533 %[2]s`,
		p[0], filepath.Dir(p[1]))
	if o.Err != want {
		t.Errorf("got:\n%s\nwant:\n%s", o.Err, want)
	}
}

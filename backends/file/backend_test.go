package file_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ovpn-verify/backends/backendtest"
	"ovpn-verify/backends/file"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
)

const password = "correct horse"

// usersFile makes a file with ada in it.
func usersFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users.toml")
	add(t, path, "ada")
	return path
}

func add(t *testing.T, path, name string) {
	t.Helper()
	hash, err := file.NewHash(secret.FromString(password))
	if err != nil {
		t.Fatal(err)
	}
	err = file.ChangeUsers(path, func(u file.Users) error { u[name] = hash; return nil })
	if err != nil {
		t.Fatal(err)
	}
}

func check(path, name, password string) error {
	_, err := file.New(file.Config{Path: path}).CheckPassword(context.Background(),
		&primary.Request{Username: name, Password: secret.FromString(password)})
	return err
}

func TestConformance(t *testing.T) {
	backendtest.Suite{
		Backend: file.New(file.Config{Path: usersFile(t)}), Username: "ada", Identity: "ada", Password: password,
	}.Run(t)
}

func TestChangedFileIsReadAnew(t *testing.T) {
	path := usersFile(t)
	backend := file.New(file.Config{Path: path})
	ask := func() error {
		_, err := backend.CheckPassword(t.Context(), &primary.Request{Username: "bob", Password: secret.FromString(password)})
		return err
	}
	if err := ask(); !errors.Is(err, primary.ErrRefused) {
		t.Fatalf("before: %v", err)
	}
	add(t, path, "bob")
	if err := ask(); err != nil {
		t.Fatalf("added: %v", err)
	}
	if err := file.ChangeUsers(path, func(u file.Users) error { delete(u, "bob"); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := ask(); !errors.Is(err, primary.ErrRefused) {
		t.Fatalf("removed: %v", err)
	}
}

// What is wrong with the file is an outage, and the error shows no hash.
func TestDamagedFileIsAnOutage(t *testing.T) {
	const hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$"
	for name, content := range map[string]string{
		"not TOML":        "users = $argon2id",
		"other keys":      "[users]\nada = \"x\"\n[groups]\n",
		"wrong type":      "[users]\nada = 5\n",
		"no hash":         "[users]\nada = \"plaintext\"\n",
		"bcrypt":          "[users]\nada = \"$2y$10$abcdefghijklmnopqrstuv\"\n",
		"no key left":     "[users]\nada = \"" + hash + "\"\n",
		"key cut short":   "[users]\nada = \"" + hash + "AAAA\"\n",
		"no salt":         "[users]\nada = \"$argon2id$v=19$m=19456,t=2,p=1$$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n",
		"no passes":       "[users]\nada = \"$argon2id$v=19$m=19456,t=0,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n",
		"years of passes": "[users]\nada = \"$argon2id$v=19$m=19456,t=4000000000,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n",
		"all the memory":  "[users]\nada = \"$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n",
		"argon2i":         "[users]\nada = \"$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n",
		"another version": "[users]\nada = \"$argon2id$v=16$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n",
	} {
		path := filepath.Join(t.TempDir(), "users.toml")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, password := range []string{password, ""} {
			err := check(path, "ada", password)
			if err == nil || errors.Is(err, primary.ErrRefused) {
				t.Errorf("%s: %v, want an outage", name, err)
			} else if strings.Contains(err.Error(), "argon2id$") || strings.Contains(err.Error(), "plaintext") {
				t.Errorf("%s: the error shows the file: %v", name, err)
			}
		}
	}
	for name, path := range map[string]string{"missing": "/nonexistent/users.toml", "a folder": t.TempDir()} {
		if err := check(path, "ada", password); err == nil || errors.Is(err, primary.ErrRefused) {
			t.Errorf("%s: %v, want an outage", name, err)
		}
	}
}

func TestFileThatOthersMayReadIsRefused(t *testing.T) {
	path := usersFile(t)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := check(path, "ada", password); err == nil || !strings.Contains(err.Error(), "chmod 0640") {
		t.Errorf("%v", err)
	}
}

func TestChangeKeepsModeAndLosesNoUser(t *testing.T) {
	path := usersFile(t)
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	names := []string{"bob", `q"uo\te`, "Zoë", "a b", "carol@example.org", "x.y"}
	var wg sync.WaitGroup
	for _, name := range names {
		wg.Go(func() { add(t, path, name) })
	}
	wg.Wait()
	users, err := file.ReadUsers(path)
	if err != nil || len(users) != len(names)+1 {
		t.Errorf("%d users, %v", len(users), err)
	}
	for _, name := range names {
		if err := check(path, name, password); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestFileThatIsTooLargeIsNotCutShort(t *testing.T) {
	path := usersFile(t)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	large := append(content, []byte(strings.Repeat("# padding\n", 16<<20/10+1))...)
	if err := os.WriteFile(path, large, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := file.ChangeUsers(path, func(file.Users) error { return nil }); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("%v", err)
	}
}

func TestSymbolicLinkToTheFileStays(t *testing.T) {
	path := usersFile(t)
	link := filepath.Join(t.TempDir(), "link.toml")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	add(t, link, "bob")
	if err := check(path, "bob", password); err != nil {
		t.Error(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("%v, %v", info, err)
	}
}

// A known user and an unknown one take one hash each.
func TestUnknownUserTakesAsLong(t *testing.T) {
	path := usersFile(t)
	if err := check(path, "ada", "wrong"); !errors.Is(err, primary.ErrRefused) {
		t.Fatal(err)
	}
	took := func(name string) time.Duration {
		least := time.Hour
		for range 5 {
			began := time.Now()
			_ = check(path, name, "wrong")
			least = min(least, time.Since(began))
		}
		return least
	}
	if known, unknown := took("ada"), took("nobody"); unknown < known/3 {
		t.Errorf("known user %v, unknown %v", known, unknown)
	}
}

func TestCheckName(t *testing.T) {
	for name, ok := range map[string]bool{
		"ada": true, "Zoë": true, "": false, "a\nb": false, "a\x00": false, "\xff": false, " ada": false, "ada ": false, strings.Repeat("x", 257): false,
	} {
		if err := file.CheckName(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// What a session began with is told from what the user has now.
func TestVersionChangesWithThePassword(t *testing.T) {
	path := usersFile(t)
	backend := file.New(file.Config{Path: path})
	version := func() string {
		t.Helper()
		req := &primary.Request{Username: "ada"}
		there, err := backend.StillThere(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		req.Password = secret.FromString(password)
		id, err := backend.CheckPassword(t.Context(), req)
		if err != nil || id.Version != there.Version || id.Version == "" {
			t.Errorf("%q at the login, %q without a password, %v", id.Version, there.Version, err)
		}
		return id.Version
	}
	before := version()
	if again := version(); again != before {
		t.Error("another version of the same hash")
	}
	add(t, path, "ada") // the same password anew
	if version() == before {
		t.Error("the same version after a change")
	}
}

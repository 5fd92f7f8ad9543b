package config_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"ovpn-verify/verify/config"
)

var update = flag.Bool("update", false, "write what is reported into the .txt files")

// Every file under bad has beside it the exact report, with lines and what is allowed.
func TestEveryFaultIsReportedAtOnce(t *testing.T) {
	for _, path := range glob(t, "bad") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			_, err := config.Load(path)
			if err == nil {
				t.Fatal("loaded without a fault")
			}
			got := strings.ReplaceAll(err.Error(), filepath.Dir(path)+"/", "") + "\n"
			report := strings.TrimSuffix(path, ".toml") + ".txt"
			if *update {
				if err := os.WriteFile(report, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(report)
			if err != nil || got != string(want) {
				t.Errorf("got:\n%swant:\n%s%v", got, want, err)
			}
		})
	}
}

func TestShownConfigurationLoadsAsTheSame(t *testing.T) {
	for _, path := range glob(t, "good") {
		c, err := config.Load(path)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		again := filepath.Join(t.TempDir(), "shown.toml")
		var shown bytes.Buffer
		if err := config.Write(&shown, c); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(again, shown.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		second, err := config.Load(again)
		// nil and an empty list are the same to every reader.
		var reshown bytes.Buffer
		_ = config.Write(&reshown, second)
		if err != nil || reshown.String() != shown.String() {
			t.Errorf("%s: shown as\n%s%v", path, shown.String(), err)
		}
	}
}

func TestRelativePathsAreRelativeToTheFile(t *testing.T) {
	path := glob(t, "good")[1]
	c, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	for got, want := range map[string]string{
		c.LDAP.BindPasswordFile: filepath.Join(dir, "ldap.secret"), c.File.Path: filepath.Join(dir, "users.toml"),
		c.Log.To: filepath.Join(dir, "login.log"), c.Metrics.Textfile: filepath.Join(dir, "metrics/ovpn-verify.prom"), c.State.KeyFile: "/var/lib/ovpn-verify/state.db.key", c.LDAP.CAFile: "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if c.Login.Deadline != 20*time.Second || c.Login.MatchCommonName != "fold" || c.TOTP.Digits != 6 {
		t.Errorf("%+v", c)
	}
	if in := c.Inputs(); !reflect.DeepEqual(in, []string{filepath.Join(dir, "ldap.secret")}) {
		t.Errorf("inputs %q", in)
	}
}

func TestConfigurationThatOthersMayWriteIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte("[login]\nbackend = \"file\"\nsecond_factor = \"none\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, ok := range map[os.FileMode]bool{0o644: true, 0o640: true, 0o664: false, 0o646: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(path); (err == nil) != ok {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
}

func TestFingerprintNoticesAChangedSecret(t *testing.T) {
	dir := t.TempDir()
	secret, path := filepath.Join(dir, "radius.secret"), filepath.Join(dir, "config.toml")
	content := "[login]\nbackend = \"radius\"\nsecond_factor = \"none\"\n[radius]\nservers = [\"127.0.0.1:1812\"]\nsecret_file = \"radius.secret\"\n"
	for name, text := range map[string]string{path: content, secret: "one"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	before := config.Fingerprint(c.Inputs())
	if before != config.Fingerprint(c.Inputs()) {
		t.Error("changes by itself")
	}
	if err := os.WriteFile(secret, []byte("three"), 0o600); err != nil {
		t.Fatal(err)
	}
	changed := config.Fingerprint(c.Inputs())
	os.Remove(secret)
	if changed == before || config.Fingerprint(c.Inputs()) == changed {
		t.Error("a change went unnoticed")
	}
}

func FuzzLoad(f *testing.F) {
	for _, kind := range []string{"good", "bad"} {
		for _, path := range glob(f, kind) {
			content, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(content)
		}
	}
	path := filepath.Join(f.TempDir(), "config.toml")
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(path)
		if err != nil {
			if !strings.HasPrefix(err.Error(), path) {
				t.Errorf("a fault without its file: %v", err)
			}
			return
		}
		reload(t, path, c)
	})
}

// reload: what loads is shown in a way that loads as the same, has no more
// warnings then, and leaves nothing open that decides about logins.
func reload(t *testing.T, path string, c config.Config) {
	t.Helper()
	var shown, again bytes.Buffer
	if err := config.Write(&shown, c); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, shown.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	second, err := config.Load(path)
	if err == nil {
		err = config.Write(&again, second)
	}
	if err != nil || again.String() != shown.String() || !reflect.DeepEqual(c.Warnings(), second.Warnings()) {
		t.Errorf("shown as\n%s%v\nand then as\n%s", shown.String(), err, again.String())
	}
	if l := c.Login; l.Backend == "" || l.SecondFactor == "" || l.Deadline <= 0 || c.Limits.Failures < 0 || c.Worker.MaxConcurrent < 1 {
		t.Errorf("loaded: %+v", c)
	}
}

func glob(t testing.TB, kind string) []string {
	t.Helper()
	paths, err := filepath.Glob("../../testdata/config/" + kind + "/*.toml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files of kind %s: %v", kind, err)
	}
	for i := range paths {
		if paths[i], err = filepath.Abs(paths[i]); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

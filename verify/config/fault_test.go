package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ovpn-verify/verify/config"
)

func faults(t *testing.T, content string) []*config.Fault {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(path)
	return config.Faults(err)
}

// A misspelled key comes with the line as it was meant, whichever letter is wrong.
func TestMisspelledKeyIsRecognised(t *testing.T) {
	for typed, meant := range map[string]string{
		"timeuot": "timeout", "time_out": "timeout", "base_nd": "base_dn", "url": "urls", "bind_password": "",
		"required_group": "required_groups", "x": "", "completely_unrelated": "",
	} {
		found := faults(t, "[login]\nbackend = \"file\"\nsecond_factor = \"none\"\n[ldap]\n"+typed+" = \"5s\"\n")
		want := ""
		if meant != "" {
			want = "sed -i '5s/" + typed + "/" + meant + "/' " + found[0].Path
		}
		if len(found) != 1 || found[0].Line != 5 || found[0].Mend != want || strings.Contains(found[0].Text, "did you mean") != (meant != "") {
			t.Errorf("%s: %+v", typed, found)
		}
	}
}

// People put passwords where they look for a key for them.
func TestFaultsDoNotShowWhatMayBeASecret(t *testing.T) {
	for _, line := range []string{
		`bind_password = "hunter2"`, `bind_pasword_file = "hunter2"`, `bindpw="hunter2"`, `whatever = "hunter2"`,
		`bind_password_file = "hunter2`, `"bind_password" = 'hunter2'`,
	} {
		for _, f := range faults(t, "[ldap]\n"+line+"\n") {
			if strings.Contains(f.Error(), "hunter2") {
				t.Errorf("%s: %v", line, f)
			}
		}
	}
}

// Text without quotes is the commonest fault of syntax, and the library's words for
// it are about anything else.
func TestTextWithoutQuotesIsNamed(t *testing.T) {
	for line, named := range map[string]bool{
		"backend = file": true, "backend = ldaps://dc1": true, "path = /etc/x": true, "backend = \u201cfile\u201d": true, "backend=\u201efile\u201c": true,
		`backend = "file`: false, `backend "file"`: false, "skew = 1x": false, "backend =": false,
	} {
		found := faults(t, "[login]\n"+line+"\n")
		if len(found) != 1 || found[0].Line != 2 || strings.Contains(found[0].Text, `straight double quotes: key = "text"`) != named {
			t.Errorf("%s: %+v", line, found)
		}
	}
}

func TestByteOrderMarkSaysNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte("\ufeff[login]\r\nbackend = \"file\"\r\nsecond_factor = \"none\"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(path); err != nil {
		t.Error(err)
	}
}

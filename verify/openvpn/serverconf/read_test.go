package serverconf

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func conf(t *testing.T, content string) *Conf {
	t.Helper()
	path := filepath.Join(t.TempDir(), "server.conf")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Read(path, filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLinesAreCountedAsOpenVPNDoes(t *testing.T) {
	c := conf(t, "\ufeffverb 1\r\n\n<ca>\nx\n</ca> ignored\n--verb 2\nsetenv opt verb 3\nsetenv opt\n-- x")
	var got []string
	for _, d := range c.Directives {
		got = append(got, strings.Join(d.Words, " "))
	}
	if want := "verb 1|ca [inline]|verb 2|verb 3|setenv opt|-- x"; strings.Join(got, "|") != want {
		t.Errorf("%q, want %q", got, want)
	}
	if last, _ := c.Last("verb"); last.Line != 7 {
		t.Errorf("the last verb is in line %d", last.Line)
	}
}

func TestALineOf255BytesIsTheLongest(t *testing.T) {
	c := conf(t, "#"+strings.Repeat("x", 253)+"\nverb 1\n#"+strings.Repeat("x", 254)+"\nverb 2")
	if len(c.Faults) != 1 || c.Faults[0].Line != 3 || len(c.Directives) != 2 {
		t.Errorf("%+v", c)
	}
}

// Ten files that each include the next twice are a thousand.
func TestManyIncludesEnd(t *testing.T) {
	dir := t.TempDir()
	for i := range 10 {
		name, next := string(rune('a'+i)), string(rune('a'+i+1))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Repeat("config "+next+"\n", 10)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Read(filepath.Join(dir, "a"), dir)
	if err != nil || len(c.Directives) > 10*maxFiles || !slices.ContainsFunc(c.Faults, func(f Fault) bool { return f.Unread }) {
		t.Errorf("%d lines, %d faults, %v", len(c.Directives), len(c.Faults), err)
	}
}

// A device or a pipe in a file's place holds nobody up.
func TestWhatIsNoFileIsNotRead(t *testing.T) {
	c := conf(t, "config /dev/zero\nconfig /")
	if len(c.Faults) != 2 || !strings.Contains(c.Faults[0].Text, "not a regular file") {
		t.Errorf("%+v", c.Faults)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("server 10.8.0.0 255.255.255.0\nauth-user-pass-verify \"/x/ovpn-verify --config y\" via-env\n<ca>\nx\n</ca>\n")
	f.Add("auth-gen-token 1 2 external-auth\nreneg-sec 5 6\nhand-window\nchroot x\nuser nobody\ngroup x\ntmp-dir ''")
	path := filepath.Join(f.TempDir(), "server.conf")
	nowhere := ThisHost()
	f.Fuzz(func(t *testing.T, content string) {
		if strings.Contains(content, "config") { // not the machine's files
			return
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Read(path, "/")
		if err != nil {
			t.Fatal(err)
		}
		for _, finding := range Judge(c, Ours{Program: "/x/ovpn-verify", Config: "/y"}, nowhere) {
			if line := finding.String(); strings.ContainsAny(line, "\n\r\x1b") {
				t.Errorf("%q", line)
			}
		}
	})
}

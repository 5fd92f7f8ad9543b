package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ovpn-verify/verify/config"
	"ovpn-verify/verify/openvpn/serverconf"
)

// documentBlock is what a document has its reader write into a file, which the
// paragraph before it begins with.
type documentBlock struct {
	place     string // for messages
	paragraph string
	path      string
	text      string
}

var fileBlock = regexp.MustCompile("(?ms)^(In `(/[^`]+)`[^\n]*(?:\n[^\n`#|][^\n]*)*)\n\n```(?:toml|conf)\n(.*?)^```$")

func documentBlocks(t *testing.T, path string) (blocks []documentBlock) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	if n, all := strings.Count(text, "\n```toml\n")+strings.Count(text, "\n```conf\n"), fileBlock.FindAllStringSubmatch(text, -1); len(all) != n {
		t.Fatalf("%s: %d of %d blocks have a file that they belong to", path, len(all), n)
	}
	for _, at := range fileBlock.FindAllStringSubmatchIndex(text, -1) {
		blocks = append(blocks, documentBlock{
			place:     filepath.Base(path) + ": " + text[at[4]:at[5]],
			paragraph: text[at[2]:at[3]], path: text[at[4]:at[5]], text: text[at[6]:at[7]],
		})
	}
	return blocks
}

// What documents have people write works: configurations load, and nothing is
// wrong with the lines of server.conf that go with them.
func TestDocumentsHaveWhatWorks(t *testing.T) {
	paths, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		var c config.Config
		for _, b := range documentBlocks(t, path) {
			switch {
			case strings.HasSuffix(b.path, ".toml"):
				c = loadText(t, b.place, b.text)
			case strings.HasPrefix(b.path, "/etc/openvpn/server/"):
				if f := judgeLines(t, c, b.text); serverconf.HasProblem(f) || len(f) > 0 && f[0].Severity == serverconf.Warning {
					t.Errorf("%s: %v", b.place, f)
				}
			}
		}
	}
}

func loadText(t *testing.T, place, text string) config.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path)
	if err != nil {
		t.Errorf("%s: %v", place, err)
	}
	return c
}

// judgeLines judges a server.conf that lacked nothing but these lines, on a host
// where the package is installed.
func judgeLines(t *testing.T, c config.Config, lines string) []serverconf.Finding {
	t.Helper()
	path := filepath.Join(t.TempDir(), "server.conf")
	whole := "port 1194\nproto udp\ndev tun\nserver 10.8.0.0 255.255.255.0\nverify-client-cert none\nusername-as-common-name\n" + lines
	if err := os.WriteFile(path, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	conf, err := serverconf.Read(path, filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	ours := serverconf.Ours{
		Program: "/usr/bin/ovpn-verify", Config: "/etc/ovpn-verify/config.toml", Deadline: c.Login.Deadline,
		SecondFactor: c.Login.SecondFactor == "totp", MatchesName: c.Login.MatchCommonName != "off", Lifetime: c.Session.Lifetime,
	}
	if d, found := conf.Last("setenv"); found {
		ours.Config = d.Arg(2)
	}
	host := serverconf.ThisHost()
	host.Stat = func(path string) (fs.FileInfo, error) {
		if path == ours.Program || path == ours.Config {
			path = binary // something that everybody can read and run
		}
		return os.Stat(path)
	}
	there := func(find func(string) (int, error)) func(string) (int, error) {
		return func(name string) (int, error) {
			if name == "ovpn-verify" {
				return os.Getuid(), nil
			}
			return find(name)
		}
	}
	host.UserID, host.Group = there(host.UserID), there(host.Group)
	return serverconf.Judge(conf, ours, host)
}

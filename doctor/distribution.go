package doctor

import (
	"compress/gzip"
	"io"
	"os"
	"strconv"
	"strings"
)

// Where Debian and its like say what they have done to their OpenVPN: they close
// holes without a new version. Small images leave the first away.
const (
	debianNotes    = "/usr/share/doc/openvpn/changelog.Debian.gz"
	debianPackages = "/var/lib/dpkg/status"
)

// mendedHoles are those that the distribution has closed in its package, nil when it
// does not tell.
func mendedHoles(notes, packages string) map[string]bool {
	text, told := changesIn(notes)
	version := packageVersion(packages)
	mended := map[string]bool{}
	for _, h := range holes {
		mended[h.name] = strings.Contains(text, h.name)
		for _, closed := range h.debian {
			later, known := since(version, closed)
			mended[h.name] = mended[h.name] || later
			told = told || known
		}
	}
	if !told {
		return nil
	}
	return mended
}

func changesIn(path string) (text string, told bool) {
	f, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return "", false
	}
	const longest = 1 << 20
	content, err := io.ReadAll(io.LimitReader(z, longest))
	return string(content), err == nil
}

// packageVersion is that of the installed package openvpn, or "".
func packageVersion(path string) string {
	content, _ := os.ReadFile(path)
	for stanza := range strings.SplitSeq(string(content), "\n\n") {
		if !strings.HasPrefix(stanza, "Package: openvpn\n") {
			continue
		}
		for line := range strings.Lines(stanza) {
			if version, found := strings.CutPrefix(line, "Version: "); found {
				return strings.TrimSpace(version)
			}
		}
	}
	return ""
}

// since compares packages of one release, 2.6.14-0+deb12u2 with 2.6.14-0+deb12u3;
// nothing is known of others.
func since(version, closed string) (later, known bool) {
	release := closed[:strings.LastIndex(closed, "u")+1]
	update, same := strings.CutPrefix(version, release)
	n, err := strconv.Atoi(update)
	least, _ := strconv.Atoi(closed[len(release):])
	return same && err == nil && n >= least, same && err == nil
}

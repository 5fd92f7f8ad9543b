package doctor

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"
)

// What a distribution has closed without a new version is no hole, and where it does
// not tell, nothing is claimed.
func TestHolesThatADistributionHasClosed(t *testing.T) {
	dir := t.TempDir()
	notes, packages, nothing := filepath.Join(dir, "changes.gz"), filepath.Join(dir, "status"), filepath.Join(dir, "none")
	f, err := os.Create(notes)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	_, _ = z.Write([]byte("openvpn (2.6.14-0+deb12u2)\n  - CVE-2026-13122: closed\n"))
	if err := z.Close(); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	status := func(version string) string {
		text := "Package: openssl\nVersion: 9\n\nPackage: openvpn\nStatus: install ok installed\nVersion: " + version + "\n\nPackage: zip\nVersion: 1\n"
		if err := os.WriteFile(packages, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return packages
	}
	const hole = "CVE-2026-13122"
	if m := mendedHoles(notes, nothing); !m[hole] || m["CVE-2022-0547"] {
		t.Errorf("by the list of changes: %v", m)
	}
	for version, want := range map[string]string{
		"2.6.14-0+deb12u2": "closed", "2.6.14-0+deb12u10": "closed", "2.6.14-0+deb12u1": "open", "2.6.14-1+deb13u3": "closed",
		"2.6.3-1+deb12u4": "not told", "2.6.14-2": "not told",
	} {
		m := mendedHoles(nothing, status(version))
		got := map[bool]string{true: "closed", false: "open"}[m[hole]]
		if m == nil {
			got = "not told"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
	}
}

func TestWhichVersionsHaveAHole(t *testing.T) {
	for _, c := range []struct {
		hole string
		v    version
		has  bool
	}{
		{"CVE-2020-15078", version{2, 4, 10}, true}, {"CVE-2020-15078", version{2, 4, 11}, false},
		{"CVE-2020-15078", version{2, 5, 1}, true}, {"CVE-2020-15078", version{2, 5, 2}, false}, {"CVE-2020-15078", version{2, 3, 18}, true},
		{"CVE-2022-0547", version{2, 5, 5}, true}, {"CVE-2022-0547", version{2, 5, 6}, false}, {"CVE-2022-0547", version{2, 6, 0}, false},
		{"CVE-2026-13122", version{2, 6, 20}, true}, {"CVE-2026-13122", version{2, 6, 21}, false},
		{"CVE-2026-13122", version{2, 7, 4}, true}, {"CVE-2026-13122", version{2, 7, 5}, false}, {"CVE-2026-13122", version{2, 8, 0}, false},
	} {
		for _, h := range holes {
			if h.name == c.hole && h.has(c.v) != c.has {
				t.Errorf("%s in %v: %v", c.hole, c.v, h.has(c.v))
			}
		}
	}
}

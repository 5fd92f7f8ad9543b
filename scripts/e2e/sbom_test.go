//go:build e2e

package e2e_test

import (
	"debug/buildinfo"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// The list of what the program is made of has each module that is linked into it,
// in the version that is, and Go's own library.
func TestSBOMHasEveryModule(t *testing.T) {
	t.Parallel()
	dir := unpack(t)
	info, err := buildinfo.ReadFile(filepath.Join(dir, "prefix/bin/ovpn-verify"))
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(dir, "prefix/share/doc/ovpn-verify/sbom.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal(content, &list); err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, c := range list.Components {
		versions[c.Name] = c.Version
	}
	if len(info.Deps) < 5 || versions["std"] != info.GoVersion {
		t.Errorf("%d modules; the library is %q, not %q", len(info.Deps), versions["std"], info.GoVersion)
	}
	for _, module := range info.Deps {
		if versions[module.Path] != module.Version {
			t.Errorf("%s is listed as %q, and %s is linked", module.Path, versions[module.Path], module.Version)
		}
	}
}

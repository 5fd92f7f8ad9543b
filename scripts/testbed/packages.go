package testbed

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Packages are the files that people install.
type Packages struct{ Deb, RPM, Tarball string }

// BuildPackages builds them for this machine's architecture under dir, as
// `make packages` does.
func BuildPackages(dir, version string) (Packages, error) {
	module, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return Packages{}, fmt.Errorf("testbed: %w", err)
	}
	dist := filepath.Join(dir, version)
	cmd := exec.Command("make", "-s", "-C", filepath.Dir(strings.TrimSpace(string(module))), "packages")
	cmd.Env = append(os.Environ(), "DIST="+dist, "TOOLS="+filepath.Join(dir, "tools"),
		"ARCHES="+runtime.GOARCH, "PACKAGE_VERSION="+version)
	if _, err := output(cmd); err != nil {
		return Packages{}, fmt.Errorf("testbed: %w", err)
	}
	var p Packages
	return p, errors.Join(only(&p.Deb, dist, "*.deb"), only(&p.RPM, dist, "*.rpm"), only(&p.Tarball, dist, "*.tar.gz"))
}

func only(path *string, dir, pattern string) error {
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("testbed: %d files %s in %s, %v", len(found), pattern, dir, err)
	}
	*path = found[0]
	return nil
}

//go:build e2e

package e2e_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"ovpn-verify/scripts/testbed"
)

// made once for all tests of packages; runTests takes it away again.
var packaged struct {
	sync.Once
	dir      string
	debian   string
	packages testbed.Packages
	err      error
}

func makePackaged() {
	if packaged.dir, packaged.err = os.MkdirTemp("", "packaged-"); packaged.err != nil {
		return
	}
	packaged.debian = filepath.Join(packaged.dir, "debian")
	if packaged.err = os.Chmod(packaged.dir, 0o755); packaged.err != nil { // apt's own user has to get in
		return
	}
	if packaged.err = testbed.MakeDebian(packaged.debian); packaged.err == nil {
		packaged.packages, packaged.err = testbed.BuildPackages(packaged.dir, "1.0.0")
	}
}

func packagesMade() error {
	packaged.Do(makePackaged)
	return packaged.err
}

// host is a fresh Debian, without systemd, and a network of its own.
type host struct {
	*testbed.Bed
	*testbed.Host
	t *testing.T
}

func newHost(t *testing.T) *host {
	t.Helper()
	if err := packagesMade(); err != nil {
		t.Fatal(err)
	}
	h := &host{Bed: testbed.New(t), t: t}
	var err error
	if h.Host, err = h.StartDebian(packaged.debian); err != nil {
		t.Fatal(err)
	}
	return h
}

// path is where the test finds a file of the host.
func (h *host) path(name string) string { return h.Host.Path(name) }

// run is a command of the host's root, with a shell.
func (h *host) run(command string) string {
	h.t.Helper()
	out, err := h.Run(command)
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

// bring copies a file into the host's folder /root.
func (h *host) bring(path string) (there string) {
	h.t.Helper()
	content, err := os.ReadFile(path)
	there = "/root/" + filepath.Base(path)
	if err == nil {
		err = os.WriteFile(h.path(there), content, 0o644)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return there
}

// tell apart what dpkg, useradd and ldconfig keep for themselves.
var bookkeeping = []string{"/dev", "/proc", "/root", "/run", "/tmp", "/var/cache", "/var/lib/apt", "/var/lib/dpkg", "/var/lib/rpm", "/var/log",
	"/etc/passwd-", "/etc/shadow-", "/etc/group-", "/etc/gshadow-", "/etc/subuid-", "/etc/subgid-"}

// files describes every file of the host: mode, owner and, under /etc, content.
func (h *host) files() map[string]string {
	h.t.Helper()
	found := map[string]string{}
	top := h.path("/")
	err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := "/" + strings.TrimPrefix(path, top)
		if slices.Contains(bookkeeping, name) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		owner := info.Sys().(*syscall.Stat_t)
		found[name] = fmt.Sprintf("%v %d:%d", info.Mode(), owner.Uid, owner.Gid)
		if info.Mode().IsRegular() && strings.HasPrefix(name, "/etc/") {
			content, err := os.ReadFile(path)
			found[name] += fmt.Sprintf(" %x", sha256.Sum256(content))
			return err
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return found
}

// changed names what is new, gone or another since before, in order.
func (h *host) changed(before map[string]string) []string {
	h.t.Helper()
	var names []string
	after := h.files()
	for name := range maps.Keys(after) {
		if before[name] != after[name] {
			names = append(names, name+" "+after[name])
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			names = append(names, name+" is gone")
		}
	}
	slices.Sort(names)
	return names
}

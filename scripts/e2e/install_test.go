//go:build e2e

package e2e_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// What is installed can be taken away to the last file and the user, as long as
// nothing was made with it; what was made stays, and so does its owner.
func TestPackagesLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	deb, rpm := h.bring(packaged.packages.Deb), h.bring(packaged.packages.RPM)
	for name, way := range map[string]struct{ install, remove, binary string }{
		"deb": {"apt-get install -y " + deb, "dpkg --purge ovpn-verify", "/usr/bin"},
		// Debian's packages are not in rpm's list, so what it needs cannot be found there.
		"rpm":     {"rpm -U --force --nodeps --force-debian " + rpm, "rpm -e --nodeps --force-debian ovpn-verify", "/usr/bin"},
		"tarball": {h.unpacked() + "/install", "/usr/local/share/ovpn-verify/install --undo", "/usr/local/bin"},
		"tarball, another folder": {h.unpacked() + "/install --prefix /opt/vpn", h.unpacked() + "/install --undo --prefix /opt/vpn",
			"/opt/vpn/bin"},
	} {
		t.Run(name, func(t *testing.T) {
			h := &host{h.Bed, h.Host, t}
			before := h.files()
			h.run(way.install)
			h.wantInstalled(way.binary)
			h.run(way.install) // again, as over an older one
			h.run(way.remove)
			if left := h.changed(before); len(left) > 0 {
				t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
			}
			h.wantWorkKept(way.install, way.remove, way.binary)
			h.run("rm -r /etc/ovpn-verify /var/lib/ovpn-verify; userdel ovpn-verify")
		})
	}
}

// unpacked is the folder of the unpacked tarball.
func (h *host) unpacked() string {
	h.t.Helper()
	tarball := h.bring(packaged.packages.Tarball)
	h.run("cd /root && tar xzf " + tarball)
	return strings.TrimSuffix(tarball, ".tar.gz")
}

func (h *host) wantInstalled(binary string) {
	h.t.Helper()
	if out := h.run(binary + "/ovpn-verify version"); !strings.Contains(out, "1.0.0") {
		h.t.Errorf("version: %s", out)
	}
	got := h.run("stat -c '%U:%G %a %n' /var/lib/ovpn-verify /etc/ovpn-verify /etc/ovpn-verify/config.toml.example " + binary + "/ovpn-verify")
	want := "ovpn-verify:ovpn-verify 700 /var/lib/ovpn-verify\nroot:root 755 /etc/ovpn-verify\n" +
		"root:ovpn-verify 640 /etc/ovpn-verify/config.toml.example\nroot:root 755 " + binary + "/ovpn-verify\n"
	if got != want {
		h.t.Errorf("installed:\n%swant:\n%s", got, want)
	}
	prefix := filepath.Dir(binary)
	for _, name := range []string{
		"lib/systemd/system/openvpn-server@.service.d/ovpn-verify.conf", "lib/sysusers.d/ovpn-verify.conf", "lib/tmpfiles.d/ovpn-verify.conf",
		"share/man/man8/ovpn-verify.8.gz", "share/man/man5/ovpn-verify.toml.5.gz", "share/bash-completion/completions/ovpn-verify",
		"share/fish/vendor_completions.d/ovpn-verify.fish", "share/zsh/*/_ovpn-verify", "share/apparmor/extra-profiles/ovpn-verify",
		"share/doc/ovpn-verify/sbom.cdx.json", "share/doc/ovpn-verify/docs/upgrading.md",
	} {
		if found, _ := filepath.Glob(h.path(prefix + "/" + name)); len(found) != 1 {
			h.t.Errorf("%s/%s: found %q", prefix, name, found)
		}
	}
}

// wantWorkKept makes a configuration and a state, takes the program away, and
// looks for them, and for their owner.
func (h *host) wantWorkKept(install, remove, binary string) {
	h.t.Helper()
	h.run(install + ` && cd /etc/ovpn-verify && cp -p config.toml.example config.toml &&
` + binary + `/ovpn-verify totp enroll ada`)
	out := h.run(remove)
	if !strings.Contains(out, "kept, with the user ovpn-verify: /var/lib/ovpn-verify /etc/ovpn-verify") {
		h.t.Errorf("removing says: %s", out)
	}
	kept := h.run("cd / && stat -c '%U:%G %a %n' etc/ovpn-verify/* var/lib/ovpn-verify/*")
	want := "root:ovpn-verify 640 etc/ovpn-verify/config.toml\novpn-verify:ovpn-verify 600 var/lib/ovpn-verify/state.db\n" +
		"ovpn-verify:ovpn-verify 600 var/lib/ovpn-verify/state.db.key\n"
	if kept != want {
		h.t.Errorf("kept:\n%swant:\n%s", kept, want)
	}
}

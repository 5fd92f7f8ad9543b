package testbed

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

// MakeDebian fills the folder dir with a small fresh Debian of this machine's
// release and from its mirror, with OpenVPN as Debian packages it.
func MakeDebian(dir string) error {
	// Its shells know descriptors of one digit only, and take the next that is free:
	// what a parent of ours has left open must not take these.
	const script = `set -e
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
. /etc/os-release
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' "Release: $VERSION_CODENAME" 'Component: main')
exec mmdebstrap --quiet --variant=apt --include=openvpn --format=directory --aptopt='Acquire::Retries "5"' \
	"$VERSION_CODENAME" "$1" "$mirror"`
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if _, err := output(exec.CommandContext(ctx, "sh", "-c", script, "sh", dir)); err != nil {
		return fmt.Errorf("testbed: %w", err)
	}
	return nil
}

// Debian is a copy of one that MakeDebian made, to be written to. It is mounted
// for its own processes alone and lies in memory, so that nothing of it is left
// when they are gone, however they end.
type Debian struct {
	root   string // as its own processes see it
	holder *process
}

// Debian mounts a copy of base, which ends with the test.
func (b *Bed) Debian(base string) *Debian {
	b.t.Helper()
	return must(b.t, b.Network.openDebian, base)
}

func (n *Network) openDebian(base string) (*Debian, error) {
	dir := n.Path(fmt.Sprintf("debian%d", n.next()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	d := &Debian{root: filepath.Join(dir, "root")}
	const script = `set -e
mount -t tmpfs -o mode=0755 debian "$1"
mkdir "$1/root" "$1/upper" "$1/work"
mount -t overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" debian "$1/root"
mount -t proc proc "$1/root/proc"
echo mounted
exec sleep infinity`
	cmd := exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", dir, base)
	var err error
	if d.holder, err = spawn(cmd, dir+".log"); err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	n.atClose(d.holder.kill, dir+".log")
	_, err = d.holder.waitLog(regexp.MustCompile("mounted"), startTimeout)
	return d, err
}

// Path is where this process finds a file of d's.
func (d *Debian) Path(name string) string {
	return fmt.Sprintf("/proc/%d/root%s%s", d.holder.cmd.Process.Pid, d.root, name)
}

// Command builds a command that runs in d, and in the network of n's server.
func (d *Debian) Command(ctx context.Context, n *Network, name string, args ...string) *exec.Cmd {
	enter := []string{"--mount=" + fmt.Sprintf("/proc/%d/ns/mnt", d.holder.cmd.Process.Pid), "chroot", d.root, name}
	cmd := n.Command(ctx, n.ServerNS, "nsenter", append(enter, args...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"}
	return cmd
}

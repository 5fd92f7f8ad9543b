package testbed

import (
	"context"
	"fmt"
	"os/exec"
	"time"
)

// MakeDebian fills the folder dir with a small fresh Debian of this machine's
// release and from its mirror, with OpenVPN as Debian packages it, and rpm.
func MakeDebian(dir string) error {
	// Its shells know descriptors of one digit only, and take the next that is free:
	// what a parent of ours has left open must not take these.
	const script = `set -e
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
. /etc/os-release
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' "Release: $VERSION_CODENAME" 'Component: main')
exec mmdebstrap --quiet --variant=apt --include=openvpn,mount,rpm --format=directory --aptopt='Acquire::Retries "5"' \
	"$VERSION_CODENAME" "$1" "$mirror"`
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if _, err := output(exec.CommandContext(ctx, "sh", "-c", script, "sh", dir)); err != nil {
		return fmt.Errorf("testbed: %w", err)
	}
	return nil
}

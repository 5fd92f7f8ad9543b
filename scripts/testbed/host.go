package testbed

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// Host is a machine of its own in the server's namespace. Its files are this
// machine's, or those of a fresh Debian, until they are changed there, which is
// seen there alone and gone with the network: documents and packages can be tried
// in it.
type Host struct {
	Root string // where its files are for its own processes; /proc/PID/root from here

	network *Network
	holder  *process
	pid     string
}

// hostScript makes the host's files in $1 from those in $3, with the run's own
// folder $2 in it. The process that stays keeps the mounts.
const hostScript = `set -e
mount -t tmpfs -o mode=0755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=$3,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount --rbind /dev "$1/root/dev"
mount -t proc proc "$1/root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$1/root/tmp"
mount -t tmpfs -o mode=0755 tmpfs "$1/root/run"
mkdir -p "$1/root$2"
mount --bind "$2" "$1/root$2"
exec chroot "$1/root" sh -c 'echo ready; exec sleep infinity'
`

var hostReady = regexp.MustCompile(`ready`)

// StartHost makes a host with this machine's files; it ends with the network.
func (n *Network) StartHost() (*Host, error) { return n.startHost("/") }

// StartDebian makes a host with the files that MakeDebian made.
func (n *Network) StartDebian(files string) (*Host, error) { return n.startHost(files) }

func (n *Network) startHost(files string) (*Host, error) {
	dir := n.Path(fmt.Sprintf("host%d", n.next()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	h := &Host{network: n}
	cmd := n.Command(context.Background(), n.ServerNS, "unshare", "--mount", "sh", "-c", hostScript, "sh", dir, n.Dir, files)
	var err error
	if h.holder, err = spawn(cmd, dir+".log"); err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	n.atClose(h.holder.stop, dir+".log")
	h.pid = strconv.Itoa(h.holder.cmd.Process.Pid)
	h.Root = filepath.Join("/proc", h.pid, "root")
	_, err = h.holder.waitLog(hostReady, startTimeout)
	return h, err
}

// Command builds a command that runs on the host, in /root, with nothing of this
// program's environment.
func (h *Host) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	enter := []string{"--target", h.pid, "--mount", "--net", "--root", "--wdns=/root", "--", name}
	cmd := exec.CommandContext(ctx, "nsenter", append(enter, args...)...)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "TERM=xterm"}
	return cmd
}

// Path is the path from here of a file on the host.
func (h *Host) Path(path string) string { return filepath.Join(h.Root, path) }

// StartServer starts OpenVPN on the host with a file of its own there, which has
// to listen on UDP at this port with a certificate of the network's authority.
func (h *Host) StartServer(config string, port int) (*Server, error) {
	return h.serve(h.Command(context.Background(), "openvpn", "--cd", filepath.Dir(config), "--config", config), port)
}

// serve runs a command that becomes OpenVPN's server.
func (h *Host) serve(cmd *exec.Cmd, port int) (*Server, error) {
	n := h.network
	s := &Server{Port: port, Proto: "udp4", LogPath: n.Path(fmt.Sprintf("host-server%d.log", n.next())), network: n, ca: n.Path("ca.pem")}
	if err := os.WriteFile(s.ca, n.CA.PEM(), 0o644); err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	var err error
	if s.process, err = spawn(cmd, s.LogPath); err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	n.atClose(s.Stop, s.LogPath)
	_, err = s.WaitLog(`Initialization Sequence Completed`, startTimeout)
	return s, err
}

// Run runs a command line of the shell on the host and returns what it prints; an
// error has that in it.
func (h *Host) Run(line string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return output(h.Command(ctx, "bash", "-c", line))
}

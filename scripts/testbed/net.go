package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Addresses inside the namespaces; they exist nowhere else.
const (
	ServerIP = "10.99.0.1" // of the server's namespace on the link
	ClientIP = "10.99.0.2" // of the client's; 10.99.0.3 to 10.99.0.9 are there too

	ServerIP6 = "fd99::1"
	ClientIP6 = "fd99::2"

	netPrefix      = "ovt-"
	commandTimeout = 20 * time.Second
)

// Network is two namespaces joined by a link, a folder for the run, and all that
// was started in them.
type Network struct {
	ServerNS, ClientNS string // names as `ip netns` shows them
	Dir                string // files and logs of the run; others may enter, short enough for sockets

	CA *CA // signs the certificates of this run's servers

	mu      sync.Mutex
	stops   []func() error
	logs    []string
	counter int
}

var networks atomic.Int64

// NewNetwork makes the namespaces, the link and the folder. Those of runs that were
// killed are taken away first.
func NewNetwork() (*Network, error) {
	sweep()
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", netPrefix, os.Getpid()))
	if err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	base := fmt.Sprintf("%s%d-%d", netPrefix, os.Getpid(), networks.Add(1))
	n := &Network{ServerNS: base + "s", ClientNS: base + "c", Dir: dir}
	if n.CA, err = NewCA("testbed CA"); err == nil {
		err = errors.Join(os.Chmod(dir, 0o755), n.join())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("testbed: %w", err), n.Close())
	}
	return n, nil
}

func (n *Network) join() error {
	commands := []string{
		"netns add " + n.ServerNS,
		"netns add " + n.ClientNS,
		"-n " + n.ServerNS + " link add veth0 type veth peer name veth0 netns " + n.ClientNS,
		"-n " + n.ServerNS + " address add " + ServerIP + "/24 dev veth0",
	}
	// nodad: an address that is still being looked for elsewhere cannot be used.
	commands = append(commands, "-n "+n.ServerNS+" address add "+ServerIP6+"/64 dev veth0 nodad",
		"-n "+n.ClientNS+" address add "+ClientIP6+"/64 dev veth0 nodad")
	for i := 2; i < 10; i++ {
		commands = append(commands, fmt.Sprintf("-n %s address add 10.99.0.%d/24 dev veth0", n.ClientNS, i))
	}
	for _, ns := range []string{n.ServerNS, n.ClientNS} {
		commands = append(commands, "-n "+ns+" link set lo up", "-n "+ns+" link set veth0 up")
	}
	for _, command := range commands {
		if err := ip(command); err != nil {
			return err
		}
	}
	return nil
}

// Command builds a command that runs in the namespace ns, or on the host when ns
// is empty. The process that runs has the pid of the command itself.
func (n *Network) Command(ctx context.Context, ns, name string, args ...string) *exec.Cmd {
	if ns == "" {
		return exec.CommandContext(ctx, name, args...)
	}
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", ns, name}, args...)...)
}

// Path is the path of a file in the run's folder.
func (n *Network) Path(name string) string { return filepath.Join(n.Dir, name) }

// Close ends everything that was started here, the newest first, then every
// other process in the namespaces (a worker that lingers), and removes namespaces
// and folder.
func (n *Network) Close() error {
	n.mu.Lock()
	stops := n.stops
	n.stops = nil
	n.mu.Unlock()
	var errs []error
	for i := len(stops) - 1; i >= 0; i-- {
		errs = append(errs, stops[i]())
	}
	for _, ns := range []string{n.ServerNS, n.ClientNS} {
		if _, err := os.Stat("/run/netns/" + ns); err == nil {
			errs = append(errs, removeNamespace(ns))
		}
	}
	return errors.Join(append(errs, os.RemoveAll(n.Dir))...)
}

// atClose registers what Close has to stop and a log that explains a failure.
func (n *Network) atClose(stop func() error, log string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stops = append(n.stops, stop)
	n.logs = append(n.logs, log)
}

// next counts what was started, for file and device names.
func (n *Network) next() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.counter++
	return n.counter
}

func (n *Network) tails() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var b strings.Builder
	for _, log := range n.logs {
		fmt.Fprintf(&b, "--- end of %s ---\n%s\n", log, tail(log))
	}
	return b.String()
}

// removeNamespace kills what still runs in ns; the namespace is ours, so are they.
func removeNamespace(ns string) error {
	err := poll(stopGrace, func() bool {
		out, err := exec.Command("ip", "netns", "pids", ns).Output()
		pids := strings.Fields(string(out))
		for _, field := range pids {
			if pid, err := strconv.Atoi(field); err == nil {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		return err != nil || len(pids) == 0
	})
	return errors.Join(err, ip("netns delete "+ns))
}

// sweep removes namespaces and folders whose maker no longer runs; their names
// hold its pid.
func sweep() {
	namespaces, _ := filepath.Glob("/run/netns/" + netPrefix + "*-*")
	folders, _ := filepath.Glob(filepath.Join(os.TempDir(), netPrefix+"*-*"))
	for _, path := range slices.Concat(namespaces, folders) {
		name := filepath.Base(path)
		maker, _, _ := strings.Cut(strings.TrimPrefix(name, netPrefix), "-")
		pid, err := strconv.Atoi(maker)
		if err != nil || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			continue
		}
		if slices.Contains(namespaces, path) {
			_ = removeNamespace(name)
		} else {
			_ = os.RemoveAll(path)
		}
	}
}

func ip(command string) error {
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	_, err := output(exec.CommandContext(ctx, "ip", strings.Fields(command)...))
	return err
}

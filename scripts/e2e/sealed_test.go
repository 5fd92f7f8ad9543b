//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

func (w *world) onlyWorker() testbed.Worker {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if found := testbed.Workers(w.dir); len(found) == 1 {
			return found[0]
		}
	}
	w.t.Fatalf("%d workers", len(testbed.Workers(w.dir)))
	return testbed.Worker{}
}

// Nobody's own processes can look into each other, but not into nobody's worker,
// whether the daemon became nobody or the worker did.
func TestWorkerCannotBeTracedByItsUser(t *testing.T) {
	open := func(uid uint32, pid int) string {
		lines := asOther(t, uid, "spy", strconv.Itoa(pid))
		lines.Scan()
		return lines.Text()
	}
	t.Run("worker.user", func(t *testing.T) {
		w, _ := called(t, "nobody")
		worker := w.onlyWorker()
		if got := open(w.uid, worker.PID); got != "open: " {
			t.Error(got)
		}
		sleep := exec.Command("sleep", "60")
		sleep.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: w.uid, Gid: uint32(w.gid)}, Pdeathsig: syscall.SIGKILL}
		if err := sleep.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = sleep.Process.Kill(); _ = sleep.Wait() }()
		if got := open(w.uid, sleep.Process.Pid); !strings.Contains(got, "mem") || !strings.Contains(got, "ptrace") {
			t.Errorf("of a process that is not sealed: %q", got)
		}
	})
	t.Run("the daemon's user", func(t *testing.T) {
		w := newWorld(t)
		w.configure(fileSection)
		w.run("lovelace-1815\n", "user", "add", "ada", "--password-stdin")
		c := w.Client(w.serve(testbed.ServerOptions{Extra: []string{"group nogroup"}}), testbed.ClientOptions{})
		w.want(w.attempt(c, "ada", "lovelace-1815"), testbed.Connected, "")
		if got := open(w.uid, w.onlyWorker().PID); got != "open: " {
			t.Error(got)
		}
	})
}

// Under a daemon that stays root nothing reaches the directory but connections
// of the user that worker.user names.
func TestWorkerOfRootBecomesItsUser(t *testing.T) {
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{})
	w.configure(ldapSection(slapd, `second_factor = "totp"`, `timeout = "10s"`) + "[totp]\nunenrolled = \"allow\"\n[worker]\nuser = \"nobody\"\n")
	w.enroll("eve") // so that there is a state
	c := w.Client(w.serveAsRoot(testbed.ServerOptions{}), testbed.ClientOptions{})
	if err := slapd.Pause(); err != nil {
		t.Fatal(err)
	}
	w.secrets = append(w.secrets, "lovelace-1815")
	if err := c.Login("ada", "lovelace-1815"); err != nil {
		t.Fatal(err)
	}
	proc := fmt.Sprintf("/proc/%d/", w.onlyWorker().PID)
	connection := w.connectionTo(proc, slapd.TLSURL)
	if uid := connection[7]; uid != strconv.Itoa(int(w.uid)) {
		t.Errorf("the connection is user id %s's", uid)
	}
	status := read(proc + "status")
	for _, line := range []string{
		fmt.Sprintf("Uid:\t%[1]d\t%[1]d\t%[1]d\t%[1]d", w.uid), fmt.Sprintf("Gid:\t%[1]d\t%[1]d\t%[1]d\t%[1]d", w.gid),
		fmt.Sprintf("Groups:\t%d ", w.gid), "CapPrm:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1",
	} {
		if !strings.Contains(status, line+"\n") {
			t.Errorf("not %q:\n%s", line, status)
		}
	}
	if err := slapd.Resume(); err != nil {
		t.Fatal(err)
	}
	w.want(w.next(c), testbed.Connected, "")
}

// connectionTo waits for a connection to the server, which stands still, and
// returns its fields in /proc/net/tcp; the eighth is the user id.
func (w *world) connectionTo(proc, url string) []string {
	w.t.Helper()
	port, err := strconv.Atoi(regexp.MustCompile(`:(\d+)$`).FindStringSubmatch(url)[1])
	if err != nil {
		w.t.Fatal(err)
	}
	remote := fmt.Sprintf("0100007F:%04X", port)
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for line := range strings.Lines(read(proc + "net/tcp")) {
			if fields := strings.Fields(line); len(fields) > 7 && fields[2] == remote {
				return fields
			}
		}
	}
	w.t.Fatal("no connection to the directory")
	return nil
}

// refusedWithTheMend: the daemon's log has it a moment after the verdict.
func (w *world) refusedWithTheMend() {
	w.t.Helper()
	log, err := os.Create(w.Path("daemon.log"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer log.Close()
	r, err := testbed.Call{
		Binary: binary, Config: w.path("config.toml"), Username: "ada", Password: "lovelace-1815", Stderr: log,
	}.Run(w.t.Context())
	if err != nil || r.Accepted() || r.Reason != unavailableText {
		w.t.Errorf("%+v, %v", r, err)
	}
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(read(log.Name()), "mend it with: "); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("the daemon's log: %s", read(log.Name()))
		}
	}
}

// A user that may not use the files is refused with what mends it, and the user of
// the VPN does not read that the password is wrong. It is the same inside the call
// of an OpenVPN that cannot wait, and for check.
func TestWorkerUserThatMayNotUseTheState(t *testing.T) {
	w := newWorld(t)
	section := fileSection + "[worker]\nlinger = \"0s\"\nuser = \"%d\"\n"
	w.writeConfig(fmt.Sprintf(section, anotherUser))
	w.run("lovelace-1815\n", "user", "add", "ada", "--password-stdin")
	if out, err := exec.Command(binary, "--config", w.path("config.toml"), "config", "check").CombinedOutput(); err == nil || !strings.Contains(string(out), "mend it with: ") {
		t.Errorf("config check: %v\n%s", err, out)
	}
	w.refusedWithTheMend()
	if r := w.callOfOld(); r.Accepted() || !strings.Contains(r.Output, "mend it with: ") {
		t.Errorf("inside the call: %+v", r)
	}
	if out, status := w.checkByHand(); status != 3 || !strings.Contains(out, "mend it with: ") {
		t.Errorf("check exits %d: %s", status, out)
	}

	w.configure(fmt.Sprintf(section, w.uid))
	if r := w.callOfOld(); !r.Accepted() {
		t.Errorf("inside the call: %+v", r)
	}
	if out, status := w.checkByHand(); status != 0 {
		t.Errorf("check exits %d: %s", status, out)
	}
	if info, err := os.Stat(w.path("log")); err != nil || info.Sys().(*syscall.Stat_t).Uid != w.uid {
		t.Errorf("the log: %+v, %v", info, err)
	}
}

// callOfOld is a call of OpenVPN 2.5.
func (w *world) callOfOld() testbed.Result {
	w.t.Helper()
	r, err := testbed.Call{
		Binary: binary, Config: w.path("config.toml"), Username: "ada", Password: "lovelace-1815", NoDeferral: true,
	}.Run(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) checkByHand() (output string, status int) {
	w.t.Helper()
	cmd := exec.Command(binary, "--config", w.path("config.toml"), "check", "--password-stdin", "ada")
	cmd.Stdin = strings.NewReader("lovelace-1815\n")
	out, _ := cmd.CombinedOutput()
	return string(out), cmd.ProcessState.ExitCode()
}

//go:build e2e

package e2e_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// otherUser is this test binary as another user id: it squats on a worker's
// name, or offers it a job, and prints what came of it.
const otherUser = "OVPN_VERIFY_E2E_OTHER_USER"

func init() {
	what, name, _ := strings.Cut(os.Getenv(otherUser), " ")
	address := &syscall.SockaddrUnix{Name: name}
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_SEQPACKET, 0)
	switch {
	case what == "":
		return
	case err != nil:
	case what == "squat":
		err = squat(fd, address)
	case what == "offer":
		err = offerJob(fd, address)
	}
	fmt.Println("error:", err)
	os.Exit(0)
}

func squat(fd int, address *syscall.SockaddrUnix) error {
	if err := syscall.Bind(fd, address); err != nil {
		return err
	}
	if err := syscall.Listen(fd, 10); err != nil {
		return err
	}
	fmt.Println("ready")
	conn, _, err := syscall.Accept(fd)
	if err != nil {
		return err
	}
	var b [4096]byte
	n, err := syscall.Read(conn, b[:])
	fmt.Println("received", n, "bytes")
	return err
}

func offerJob(fd int, address *syscall.SockaddrUnix) error {
	if err := syscall.Connect(fd, address); err != nil {
		return err
	}
	_ = syscall.Sendto(fd, []byte("\x01job"), syscall.MSG_NOSIGNAL, nil)
	var b [16]byte
	n, err := syscall.Read(fd, b[:])
	fmt.Println("received", max(n, 0), "bytes")
	return err
}

func asOther(t *testing.T, what, name string) *bufio.Scanner {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{otherUser + "=" + what + " " + name}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65533, Gid: 65533}}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return bufio.NewScanner(out)
}

func (w *world) call() testbed.Result {
	w.t.Helper()
	r, err := testbed.Call{
		Binary: binary, Config: w.path("config.toml"), Username: "ada", Password: "lovelace-1815",
	}.Run(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

var workerName = regexp.MustCompile(`@ovpn-verify/[0-9a-f]{16}`)

// names of all workers that listen on this host.
func names() map[string]bool {
	found := map[string]bool{}
	for _, name := range workerName.FindAllString(read("/proc/net/unix"), -1) {
		found[name] = true
	}
	return found
}

// Two units may see different files under one path. With the same user id and
// the same configuration they must not share a worker.
func TestOtherMountNamespaceHasAWorkerOfItsOwn(t *testing.T) {
	w := newWorld(t)
	w.configure(fileSection + "[file]\npath = \"users/users.toml\"\n")
	for _, dir := range []string{"users", "other"} {
		if err := os.Mkdir(w.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	w.run("lovelace-1815\n", "user", "add", "ada", "--password-stdin")
	if r := w.call(); !r.Accepted() {
		t.Fatalf("%+v", r)
	}
	// In the other unit the folder is another one, where there is no ada.
	w.write("other/users.toml", "[users]\n")
	command := w.path("elsewhere")
	script := fmt.Sprintf("#!/bin/sh\nexec /usr/bin/unshare --mount /bin/sh -c 'mount --bind %s %s && exec %s \"$@\"' %s \"$@\"\n",
		w.path("other"), w.path("users"), binary, binary)
	if err := os.WriteFile(command, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	elsewhere := testbed.Call{Binary: command, Config: w.path("config.toml"), Username: "ada", Password: "lovelace-1815",
		Env: map[string]string{"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}}
	r, err := elsewhere.Run(t.Context())
	if err != nil || r.Status != 2 || r.Accepted() || r.Reason != refusedText {
		t.Errorf("where ada is unknown: %+v, %v", r, err)
	}
	if n := len(testbed.Workers(w.dir)); n != 2 {
		t.Errorf("%d workers", n)
	}
}

// Neither does a worker take another user's job, nor a front give a password to
// another user's socket; the login goes on without it.
func TestOtherUsersAtEitherEnd(t *testing.T) {
	w := newWorld(t)
	w.configure(fileSection)
	w.run("lovelace-1815\n", "user", "add", "ada", "--password-stdin")
	before := names()
	if r := w.call(); !r.Accepted() {
		t.Fatalf("%+v", r)
	}
	var name string
	for found := range names() {
		if !before[found] {
			name = found
		}
	}
	if name == "" {
		t.Fatal("the worker's name was not found")
	}
	lines := asOther(t, "offer", name)
	if !lines.Scan() || lines.Text() != "received 0 bytes" {
		t.Errorf("a job of another user: %q", lines.Text())
	}
	w.logged(`job declined.*a job from user id 65533`)

	w.killOneWorker()
	for deadline := time.Now().Add(10 * time.Second); names()[name]; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the killed worker still listens")
		}
	}
	lines = asOther(t, "squat", name)
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("squatting: %q", lines.Text())
	}
	if r := w.call(); !r.Accepted() {
		t.Errorf("with its name squatted: %+v", r)
	}
	if !lines.Scan() || lines.Text() != "received 0 bytes" {
		t.Errorf("the squatter %s", lines.Text())
	}
}

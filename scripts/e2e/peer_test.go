//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

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

var workerName = regexp.MustCompile(` (\d+) (@ovpn-verify/[0-9a-f]{16})\n`)

// names of all workers that listen on this host, with the inodes of their sockets.
func names() map[string]string {
	found := map[string]string{}
	for _, match := range workerName.FindAllStringSubmatch(read("/proc/net/unix"), -1) {
		found[match[2]] = "socket:[" + match[1] + "]"
	}
	return found
}

// addressOf is the name on which a worker listens.
func addressOf(t *testing.T, worker testbed.Worker) string {
	t.Helper()
	fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", worker.PID))
	for name, inode := range names() {
		for _, fd := range fds {
			if link, err := os.Readlink(fd); err == nil && link == inode {
				return name
			}
		}
	}
	t.Fatal("the worker's name was not found")
	return ""
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

// anotherUser is neither the daemon's nor a worker's.
const anotherUser = 65533

// called is a world of whose daemon, which is root, one call was made. With
// worker.user the worker has become nobody.
func called(t *testing.T, workerUser string) (w *world, address string) {
	t.Helper()
	w = newWorld(t)
	w.configure(fileSection + "[worker]\nuser = \"" + workerUser + "\"\n")
	w.run("lovelace-1815\n", "user", "add", "ada", "--password-stdin")
	if r := w.call(); !r.Accepted() {
		t.Fatalf("%+v\n%s", r, read(w.path("log")))
	}
	return w, addressOf(t, w.onlyWorker())
}

// A worker takes no job of another user, be it the one that it has become.
func TestJobFromAnotherUser(t *testing.T) {
	for _, workerUser := range []string{"", "nobody"} {
		w, address := called(t, workerUser)
		for _, uid := range []uint32{anotherUser, w.uid} {
			lines := asOther(t, uid, "offer", address)
			if !lines.Scan() || lines.Text() != "received 0 bytes" {
				t.Errorf("worker.user %q, a job of user id %d: %q", workerUser, uid, lines.Text())
			}
			w.logged(fmt.Sprintf(`job declined.*a job from user id %d`, uid))
		}
		if r := w.call(); !r.Accepted() || len(testbed.Workers(w.dir)) != 1 {
			t.Errorf("worker.user %q, afterwards: %+v", workerUser, r)
		}
	}
}

// Front gives no password to a socket on which another user listens, be it the one
// that the worker becomes; the login goes on without it.
func TestSquattedSocket(t *testing.T) {
	for _, workerUser := range []string{"", "nobody"} {
		w, address := called(t, workerUser)
		for _, uid := range []uint32{anotherUser, w.uid} {
			w.killOneWorker()
			for deadline := time.Now().Add(10 * time.Second); names()[address] != ""; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the killed worker still listens")
				}
			}
			lines := asOther(t, uid, "squat", address)
			if !lines.Scan() || lines.Text() != "ready" {
				t.Fatalf("squatting: %q", lines.Text())
			}
			if r := w.call(); !r.Accepted() {
				t.Errorf("worker.user %q, squatted by user id %d: %+v", workerUser, uid, r)
			}
			if !lines.Scan() || lines.Text() != "received 0 bytes" {
				t.Errorf("the squatter with user id %d %s", uid, lines.Text())
			}
			for lines.Scan() { // until its process has ended, and the name is free
			}
			if r := w.call(); !r.Accepted() { // for the next round
				t.Errorf("%+v", r)
			}
		}
	}
}

//go:build e2e

package e2e_test

import (
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"

	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/scripts/testbed"
)

// fakeRADIUS starts a server that misbehaves on the loopback of the server's
// namespace, and returns its address.
func (w *world) fakeRADIUS(o fakeradius.Options) string {
	w.t.Helper()
	var server *fakeradius.Server
	w.inServerNamespace(func() (err error) {
		server, err = fakeradius.Start(o)
		return err
	})
	w.t.Cleanup(func() { server.Close() })
	return server.Addr()
}

// inServerNamespace fails the test where f, or the way to it, fails.
func (w *world) inServerNamespace(f func() error) {
	w.t.Helper()
	if err := w.enter(f); err != nil {
		w.t.Fatal(err)
	}
}

// enter runs f on a thread that enters the server's namespace and comes back.
// A socket stays where it was made, and so does a process that f starts. The
// thread must not end: the servers that it started end with it.
func (w *world) enter(f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer home.Close()
	there, err := os.Open(filepath.Join("/run/netns", w.ServerNS))
	if err != nil {
		return err
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return err
	}
	err = f()
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		panic(back) // whatever ran on this thread next would be in the wrong network
	}
	return err
}

// callInside is w.call where the servers are; in their namespace without being in
// a mount namespace of its own, as with ip-netns(8), so that all calls find one worker.
func (w *world) callInside(c testbed.Call) (testbed.Result, error) {
	c.Binary, c.Config = binary, w.path("config.toml")
	var d *testbed.Deferred
	err := w.enter(func() (err error) {
		d, err = c.Start(w.t.Context())
		return err
	})
	if err != nil {
		return testbed.Result{}, err
	}
	return d.Wait(w.t.Context())
}

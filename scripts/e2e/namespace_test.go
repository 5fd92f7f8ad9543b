//go:build e2e

package e2e_test

import (
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"

	"ovpn-verify/backends/backendtest/fakeradius"
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

// inServerNamespace runs f on a thread that enters the namespace and comes back.
// A socket stays where it was made. The thread must not end: the servers that
// it started end with it.
func (w *world) inServerNamespace(f func() error) {
	w.t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home := w.openNamespace("/proc/thread-self/ns/net")
	defer home.Close()
	there := w.openNamespace(filepath.Join("/run/netns", w.ServerNS))
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		w.t.Fatal(err)
	}
	err := f()
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		panic(back) // whatever ran on this thread next would be in the wrong network
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) openNamespace(path string) *os.File {
	w.t.Helper()
	f, err := os.Open(path)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

//go:build e2e

package e2e_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// otherUser is this test binary as another user id: it squats on a worker's
// name, offers it a job, or looks into it, and prints what came of it.
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
		_ = syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 20})
		err = squat(fd, address)
	case what == "offer":
		err = offerJob(fd, address)
	case what == "spy":
		err = spy(name)
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

// asOther runs the helper; name is a socket's, or a process id for spy.
func asOther(t *testing.T, uid uint32, what, name string) *bufio.Scanner {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{otherUser + "=" + what + " " + name}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
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

// spy tries every way to another process's memory and descriptors, and prints
// those that are open.
func spy(process string) error {
	pid, err := strconv.Atoi(process)
	if err != nil {
		return err
	}
	var open []string
	for _, file := range []string{"mem", "environ", "maps", "auxv", "io"} {
		if f, err := os.Open("/proc/" + process + "/" + file); err == nil {
			open = append(open, file)
			f.Close()
		}
	}
	if _, err := os.ReadDir("/proc/" + process + "/fd"); err == nil {
		open = append(open, "fd")
	}
	if pidfd, err := unix.PidfdOpen(pid, 0); err == nil {
		if _, err := unix.PidfdGetfd(pidfd, 2, 0); err == nil {
			open = append(open, "pidfd_getfd")
		}
	}
	var b [1]byte
	local := []unix.Iovec{{Base: &b[0], Len: 1}}
	if _, err := unix.ProcessVMReadv(pid, local, []unix.RemoteIovec{{Base: 0x400000, Len: 1}}, 0); err != unix.EPERM {
		open = append(open, "process_vm_readv")
	}
	runtime.LockOSThread()
	if syscall.PtraceAttach(pid) == nil {
		open = append(open, "ptrace")
		_ = syscall.PtraceDetach(pid)
	}
	fmt.Println("open:", strings.Join(open, " "))
	return nil
}

package worker

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"ovpn-verify/verify/front/job"
	"ovpn-verify/verify/openvpn"
)

// connected is a connection of a front's: the test's end, and the worker's.
func connected(t *testing.T) (front int, worker *net.UnixConn) {
	t.Helper()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	end := os.NewFile(uintptr(pair[1]), "worker's end")
	defer end.Close()
	conn, err := net.FileConn(end)
	if err != nil {
		t.Fatal(err)
	}
	return pair[0], conn.(*net.UnixConn)
}

// offer sends a frame with files as front does, and returns what came back.
func (f *fixture) offer(t *testing.T, frame []byte, files int, closeFirst bool) string {
	t.Helper()
	front, worker := connected(t)
	var fds []int
	for i := range files {
		path := f.control
		if i > 0 {
			path = f.reason
		}
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		fds = append(fds, int(file.Fd()))
	}
	if err := syscall.Sendmsg(front, frame, syscall.UnixRights(fds...), nil, 0); err != nil {
		t.Fatal(err)
	}
	if closeFirst {
		syscall.Close(front)
	} else {
		defer syscall.Close(front)
	}
	f.take(worker)
	if closeFirst {
		return ""
	}
	var b [8]byte
	n, _ := syscall.Read(front, b[:])
	return string(b[:max(n, 0)])
}

func frame(config string, fields ...string) []byte {
	return eventFrame(job.UserPassVerify, config, fields...)
}

func eventFrame(event, config string, fields ...string) []byte {
	f := job.New(make([]byte, job.MaxFrame))
	if event != "" {
		f.Add(job.ScriptType, event)
	}
	f.Add(job.Config, config)
	for _, name := range fields {
		f.Add(name, "x\ny\n")
	}
	frame, _ := f.Bytes()
	return frame
}

func accepting(t *testing.T) (*fixture, chan bool) {
	ran := make(chan bool, 1)
	return newFixture(t, func(_ context.Context, _ *openvpn.Call, r *openvpn.Results) {
		_ = r.Accept()
		ran <- true
	}), ran
}

func TestJobIsTakenAndAnswered(t *testing.T) {
	f, ran := accepting(t)
	if got := f.offer(t, frame("/c", job.Credentials, job.ReasonFile), 2, false); got != "A" {
		t.Fatalf("answered %q", got)
	}
	<-ran
	f.running.Wait()
	f.want(t, "1", "")
	f, ran = accepting(t)
	if got := f.offer(t, frame("/c", job.Credentials), 1, false); got != "A" {
		t.Fatalf("without a reason file: answered %q", got)
	}
	<-ran
}

// Jobs are taken one at a time; a connection on which nothing comes is none.
func TestWhoSendsNothingKeepsNobodyWaiting(t *testing.T) {
	f, ran := accepting(t)
	address := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unixpacket"}
	listener, err := net.ListenUnix("unixpacket", address)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- f.acceptFrom(listener) }()
	connect := func() *net.UnixConn {
		conn, err := net.DialUnix("unixpacket", nil, address)
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	const silent = 20
	for range silent {
		defer connect().Close()
	}
	gone, front := connect(), connect()
	defer front.Close()
	gone.Close()
	control, err := os.OpenFile(f.control, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer control.Close()
	began := time.Now()
	if _, _, err := front.WriteMsgUnix(frame("/c", job.Credentials), syscall.UnixRights(int(control.Fd())), nil); err != nil {
		t.Fatal(err)
	}
	var b [8]byte
	if n, err := front.Read(b[:]); string(b[:n]) != "A" {
		t.Errorf("answered %q, %v", b[:n], err)
	}
	if took := time.Since(began); took > silent*offerTimeout/2 {
		t.Errorf("answered after %v", took)
	}
	<-ran
	listener.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestJobsThatCannotBeFinishedAreDeclined(t *testing.T) {
	whole := frame("/c", job.Credentials, job.ReasonFile)
	for name, c := range map[string]struct {
		frame []byte
		files int
	}{
		"another configuration":   {frame("/other", job.Credentials, job.ReasonFile), 2},
		"cut frame":               {whole[:len(whole)-3], 2},
		"another version":         {append([]byte{9}, whole[1:]...), 2},
		"no files":                {whole, 0},
		"one file of two":         {whole, 1},
		"two files of one":        {frame("/c", job.Credentials), 2},
		"three files":             {whole, 3},
		"larger than a frame":     {append(whole, make([]byte, job.MaxFrame)...), 2},
		"nothing but descriptors": {[]byte{0}, 2},
		"no event":                {eventFrame("", "/c"), 2},
		"another event":           {eventFrame("tls-verify", "/c"), 2},
		"connect without files":   {eventFrame(job.ClientConnect, "/c"), 0},
		"connect with one file":   {eventFrame(job.ClientConnect, "/c"), 1},
		"disconnect with files":   {eventFrame(job.ClientDisconnect, "/c"), 1},
	} {
		f, ran := accepting(t)
		before := openFDs(t)
		if got := f.offer(t, c.frame, c.files, false); got != "" {
			t.Errorf("%s: answered %q", name, got)
		}
		f.want(t, "", "")
		if len(ran) > 0 || f.pending != 0 {
			t.Errorf("%s: the job was run", name)
		}
		if after := openFDs(t); after > before {
			t.Errorf("%s: %d descriptors before, %d after", name, before, after)
		}
	}
}

// A front that has gone has started another worker for its job.
func TestJobOfAFrontThatHasGoneIsNotRun(t *testing.T) {
	f, ran := accepting(t)
	f.offer(t, frame("/c", job.Credentials, job.ReasonFile), 2, true)
	f.running.Wait()
	f.want(t, "", "")
	if len(ran) > 0 || f.pending != 0 {
		t.Error("the job was run")
	}
}

func TestConnectionWithoutAJobIsClosed(t *testing.T) {
	t.Parallel()
	f, _ := accepting(t)
	front, worker := connected(t)
	defer syscall.Close(front)
	began := time.Now()
	f.take(worker)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("after %v", took)
	}
}

func openFDs(t *testing.T) int {
	t.Helper()
	fds, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	return len(fds)
}

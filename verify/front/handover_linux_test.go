package front

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// worker listens on an address of its own and answers each job by answer.
func worker(t *testing.T, answer func(conn int)) *address {
	t.Helper()
	address := newAddress([]byte("ovpn-verify-test/" + rand.Text()))
	listener, e := listen(&address)
	if e != 0 {
		t.Fatal(e)
	}
	t.Cleanup(func() { syscall.Close(listener) })
	go func() {
		for {
			conn, _, err := syscall.Accept(listener)
			if err != nil {
				return
			}
			answer(conn)
		}
	}()
	return &address
}

func resultFiles(t *testing.T) results {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "acf"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return results{control: int(f.Fd()), text: -1}
}

// soon is how many milliseconds a front waits for what does not come.
const soon = 20

func TestOfferIsTakenByItsByteAlone(t *testing.T) {
	for name, c := range map[string]struct {
		reply    string
		patience int // milliseconds
		want     answer
	}{
		"acknowledged": {"A", patience.detached, taken}, "declined": {"", patience.detached, declined},
		"another byte": {"D", patience.detached, notTaken}, "too late": {"silent", soon, notTaken},
	} {
		offered, done := make(chan bool), make(chan bool)
		address := worker(t, func(conn int) {
			defer close(done)
			defer syscall.Close(conn)
			var b [100]byte
			_, _ = syscall.Read(conn, b[:])
			if c.reply == "silent" {
				<-offered
			} else {
				_, _ = syscall.Write(conn, []byte(c.reply))
			}
		})
		if got := offer(address, []byte("job"), resultFiles(t), c.patience); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		close(offered)
		<-done
	}
}

// A client-disconnect comes without files, and nothing else of the frame is lost.
func TestOfferCarriesTheFilesThereAre(t *testing.T) {
	files := resultFiles(t)
	both := results{control: files.control, text: files.control}
	for _, c := range []struct {
		files results
		want  int
	}{{noResults, 0}, {files, 1}, {both, 2}} {
		came := make(chan int, 1)
		address := worker(t, func(conn int) {
			defer syscall.Close(conn)
			frame, control := make([]byte, 100), make([]byte, 100)
			n, controlLen, _, _, err := syscall.Recvmsg(conn, frame, control, 0)
			if err != nil || string(frame[:n]) != "job" {
				t.Errorf("%q, %v", frame[:max(n, 0)], err)
			}
			came <- countFiles(t, control[:controlLen])
			_, _ = syscall.Write(conn, []byte{Acknowledged})
		})
		if got := offer(address, []byte("job"), c.files, patience.waitedFor); got != taken {
			t.Errorf("%+v: %v", c.files, got)
		}
		if got := <-came; got != c.want {
			t.Errorf("%d files came, want %d", got, c.want)
		}
	}
}

func countFiles(t *testing.T, control []byte) (count int) {
	t.Helper()
	messages, err := syscall.ParseSocketControlMessage(control)
	if err != nil {
		t.Error(err)
	}
	for _, m := range messages {
		fds, err := syscall.ParseUnixRights(&m)
		if err != nil {
			t.Error(err)
		}
		for _, fd := range fds {
			syscall.Close(fd)
			count++
		}
	}
	return count
}

// Whose queue it is that is full can be asked only after connecting.
func TestFullQueueHoldsUpForALimitedTime(t *testing.T) {
	address := newAddress([]byte("ovpn-verify-test/" + rand.Text()))
	listener, e := listen(&address)
	if e != 0 {
		t.Fatal(e)
	}
	defer closeFile(listener)
	if err := syscall.Listen(listener, 0); err != nil {
		t.Fatal(err)
	}
	for e := errno(0); e == 0; {
		fd, _ := newSocket(syscall.SOCK_NONBLOCK)
		defer closeFile(fd)
		e = connect(fd, &address)
	}
	began := time.Now()
	if got := offer(&address, []byte("job"), resultFiles(t), soon); got != notTaken {
		t.Errorf("%v", got)
	}
	if took := time.Since(began); took < 20*time.Millisecond || took > 5*time.Second {
		t.Errorf("held up for %v", took)
	}
}

// One more worker for each login that an overloaded one is slow to take would
// overload the host.
func TestACopyHasMorePatienceThanOpenVPN(t *testing.T) {
	waitedFor, detached := process{}, process{detached: true}
	if got := waitedFor.patience(); got > 250 {
		t.Errorf("OpenVPN stands still for %d ms", got)
	}
	if got := detached.patience(); got < 5000 {
		t.Errorf("a copy gives up after %d ms", got)
	}
}

// A wait of whole seconds is one.
func TestWaitOfSeconds(t *testing.T) {
	began := time.Now()
	awaitReadable(-1, 1010)
	if took := time.Since(began); took < 1005*time.Millisecond {
		t.Errorf("%v", took)
	}
}

// Signals, such as the runtime's own, make no wait longer.
func TestSignalsDoNotProlongAWait(t *testing.T) {
	thread := make(chan int, 1)
	done := make(chan time.Duration)
	go func() {
		runtime.LockOSThread()
		thread <- syscall.Gettid()
		began := time.Now()
		awaitReadable(-1, 300)
		done <- time.Since(began)
	}()
	id := <-thread
	for {
		select {
		case took := <-done:
			if took < 290*time.Millisecond || took > 5*time.Second {
				t.Errorf("%v", took)
			}
			return
		case <-time.After(20 * time.Millisecond):
			_ = syscall.Tgkill(syscall.Getpid(), id, syscall.SIGURG)
		}
	}
}

func TestOfferWithoutAWorker(t *testing.T) {
	address := newAddress([]byte("ovpn-verify-test/nobody-listens"))
	if got := offer(&address, []byte("job"), resultFiles(t), soon); got != noWorker {
		t.Errorf("%v", got)
	}
}

// After front has given up on a worker, that worker cannot take the job any
// more; and an acknowledgement that came just before is not overlooked.
func TestGivingUpIsFinalForBothEnds(t *testing.T) {
	for name, want := range map[string]answer{"acknowledged before": taken, "acknowledged after": declined} {
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET, 0)
		if err != nil {
			t.Fatal(err)
		}
		acknowledge := func() error {
			return syscall.Sendto(pair[1], []byte{Acknowledged}, syscall.MSG_NOSIGNAL, nil)
		}
		if want == taken {
			if err := acknowledge(); err != nil {
				t.Fatal(err)
			}
		}
		if err := syscall.Shutdown(pair[0], syscall.SHUT_RDWR); err != nil {
			t.Fatal(err)
		}
		lateErr := acknowledge()
		if got := received(pair[0]); got != want {
			t.Errorf("%s: received %v", name, got)
		}
		if !errors.Is(lateErr, syscall.EPIPE) {
			t.Errorf("%s: acknowledging after front gave up: %v", name, lateErr)
		}
		syscall.Close(pair[0])
		syscall.Close(pair[1])
	}
}

func TestAddressTellsConfigurationsApart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := called(t, nil, nil)
	first := p.workerAddress(path)
	if first != p.workerAddress(path) {
		t.Error("one configuration has two addresses")
	}
	if err := os.WriteFile(path, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if first == p.workerAddress(path) || first == p.workerAddress(path+"x") {
		t.Error("two configurations have one address")
	}
	if p.workerAddress(path) == called(t, nil, []string{"SSL_CERT_FILE=/x"}).workerAddress(path) {
		t.Error("two environments have one address")
	}
}

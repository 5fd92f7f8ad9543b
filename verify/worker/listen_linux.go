package worker

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"ovpn-verify/verify/front"
	"ovpn-verify/verify/front/job"
	"ovpn-verify/verify/openvpn"
)

// offerTimeout is how long a front may take from connecting to the job; it
// sends at once, so that only something that is no front comes near it.
const offerTimeout = time.Second

// maxFiles come with a job, those of filesOf.
const maxFiles = 2

var errDeclined = errors.New("declined")

// serve takes jobs from the socket that front bound for us, until it is time to leave.
func (w *worker) serve() error {
	file := os.NewFile(front.FDListener, "listener")
	if file == nil {
		return errors.New("worker: no listening socket came along")
	}
	listener, err := net.FileListener(file)
	file.Close()
	if err != nil {
		return fmt.Errorf("worker: the inherited socket: %w", err)
	}
	if w.Linger == 0 {
		return listener.Close()
	}
	go func() {
		w.watch()
		listener.Close()
	}()
	return w.acceptFrom(listener)
}

func (w *worker) acceptFrom(listener net.Listener) error {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			// Out of descriptors or memory: the front that waits helps itself.
			w.Log.Error("worker: accept", "cause", err)
			time.Sleep(10 * time.Millisecond)
			continue
		}
		// One at a time, so that fronts are not kept waiting behind all that a
		// thousand logins do in goroutines of their own.
		if front := conn.(*net.UnixConn); hasSent(front) {
			w.take(front)
		} else {
			go w.take(front)
		}
	}
}

// hasSent tells whether a job is there, or the end. A front sends as soon as it is
// connected; whoever does not keeps nobody else waiting.
func hasSent(conn *net.UnixConn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return true
	}
	var peekErr error
	err = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, peekErr = syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return true
	})
	return err != nil || !errors.Is(peekErr, syscall.EAGAIN)
}

// descriptorsForOthers stay free for the store, the log and the sockets.
const descriptorsForOthers = 64

// maxJobs is how many jobs' files the process may hold open. Above it the kernel
// would drop the files of a job that is offered.
func maxJobs() int {
	open := maxDescriptors()
	return max(1, (open-open/connectionShare-descriptorsForOthers)/maxFiles)
}

// connectionShare is the part of the descriptors that is for the backend.
const connectionShare = 4

// MaxConnections is how many connections to backends the process may hold open
// beside the jobs' files, wanted at most.
func MaxConnections(wanted int) int { return min(wanted, max(1, maxDescriptors()/connectionShare)) }

func maxDescriptors() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > 1<<20 {
		return 1 << 20
	}
	return int(limit.Cur)
}

// take acknowledges a job and runs it, or declines by closing the connection.
func (w *worker) take(conn *net.UnixConn) {
	defer conn.Close()
	defer w.reportPanic("job not taken")
	j, err := w.receive(conn)
	if err != nil {
		if !errors.Is(err, errDeclined) {
			w.declined.add(err, w.tellDeclined)
		}
		return
	}
	if j.call.Config != w.Config {
		j.work.abandon()
		return
	}
	admitted, crowded := w.admit()
	if !admitted {
		j.work.abandon()
		return
	}
	j.crowded = crowded
	// Only an acknowledgement that front can still read makes the job ours.
	if _, err := conn.Write([]byte{front.Acknowledged}); err != nil {
		j.work.abandon()
		w.done()
		return
	}
	w.start(j)
}

// frames spares each job an allocation of the largest frame there may be.
var frames = sync.Pool{New: func() any { return new([job.MaxFrame + 1]byte) }}

func (w *worker) receive(conn *net.UnixConn) (pendingJob, error) {
	if err := checkPeer(conn, w.startedBy); err != nil {
		return pendingJob{}, err
	}
	buf := frames.Get().(*[job.MaxFrame + 1]byte)
	defer frames.Put(buf)
	if err := conn.SetDeadline(time.Now().Add(offerTimeout)); err != nil {
		return pendingJob{}, err
	}
	control := make([]byte, syscall.CmsgSpace(maxFiles*4))
	n, controlLen, flags, _, err := conn.ReadMsgUnix(buf[:], control)
	if err != nil {
		return pendingJob{}, fmt.Errorf("worker: reading a job: %w", err)
	}
	files, err := openFiles(control[:controlLen])
	if err == nil && (n == 0 || flags&(syscall.MSG_TRUNC|syscall.MSG_CTRUNC) != 0) {
		err = errDeclined
	}
	var j pendingJob
	if err == nil {
		j, err = jobWithFiles(buf[:n], files)
	}
	if err != nil {
		closeAll(files)
	}
	return j, err
}

// jobWithFiles copies the frame, since the job outlives the buffer, and wipes
// it there: it holds a password.
func jobWithFiles(received []byte, files []*os.File) (pendingJob, error) {
	frame := append([]byte(nil), received...)
	clear(received)
	return newJob(frame, func(call openvpn.Call) ([]*os.File, error) {
		if len(files) != filesOf(call) {
			return nil, fmt.Errorf("worker: %d result files with a job for %s", len(files), call.Event)
		}
		return files, nil
	})
}

// checkPeer accepts jobs only from the user id that started the worker. The
// user that it has become may have other processes, which must not try passwords here.
func checkPeer(conn *net.UnixConn, startedBy int) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var peer *syscall.Ucred
	var peerErr error
	err = raw.Control(func(fd uintptr) {
		peer, peerErr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err = errors.Join(err, peerErr); err != nil {
		return err
	}
	if int(peer.Uid) != startedBy {
		return fmt.Errorf("worker: a job from user id %d, process %d", peer.Uid, peer.Pid)
	}
	return nil
}

// openFiles returns the files that came with a message.
func openFiles(control []byte) ([]*os.File, error) {
	if len(control) == 0 {
		return nil, nil
	}
	messages, err := syscall.ParseSocketControlMessage(control)
	if err != nil {
		return nil, err
	}
	var files []*os.File
	for _, m := range messages {
		fds, err := syscall.ParseUnixRights(&m)
		if err != nil {
			return files, err
		}
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), "result file"))
		}
	}
	return files, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

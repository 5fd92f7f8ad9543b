package front

import "syscall"

// patience is how long a worker may take to say that it has the job, and how long
// its queue may be full before, in milliseconds: while OpenVPN waits, and where it
// has gone on. On a host that is short of processors a worker with a thousand
// logins is slow to say so, and one more for each of them would make it slower
// still. The user waits no longer than login.deadline leaves of the window.
var patience = struct{ waitedFor, detached int }{250, 5000}

func (p *process) patience() int {
	if p.detached {
		return patience.detached
	}
	return patience.waitedFor
}

// backlog is how many fronts may wait until a worker accepts. The kernel makes do
// with less (net.core.somaxconn).
const backlog = 4096

// Acknowledged is the byte by which a worker takes a job.
const Acknowledged = 'A'

// handOver gives the job to the worker that serves this user id, binary and
// configuration, or starts it. When that worker cannot be had (another user
// sits on its name, it does not answer, it is just leaving), the job gets a
// worker of its own. false: not even that was possible.
func (p *process) handOver(config string, frame []byte, files results) bool {
	if userID() == overflowID && !idsAreTheHosts() {
		return p.startWorker(config, frame, files, -1) == 0
	}
	address := p.workerAddress(config)
	// Another round is for a worker that came between two calls, and one more for
	// one that left.
	for range 3 {
		switch offer(&address, frame, files, p.patience()) {
		case taken:
			return true
		case notTaken:
			return p.startWorker(config, frame, files, -1) == 0
		}
		listener, e := listen(&address)
		if e == syscall.EADDRINUSE {
			continue
		}
		if e != 0 {
			break
		}
		return p.startWorker(config, frame, files, listener) == 0
	}
	return p.startWorker(config, frame, files, -1) == 0
}

type answer int

const (
	noWorker answer = iota
	notTaken
	taken
)

// offer hands the frame and the open result files to the listening worker.
func offer(a *address, frame []byte, files results, patience int) answer {
	fd, e := newSocket(syscall.SOCK_NONBLOCK)
	if e != 0 {
		return notTaken
	}
	result := offerOn(fd, a, frame, files, patience)
	closeFile(fd)
	return result
}

func offerOn(fd int, a *address, frame []byte, files results, patience int) answer {
	switch e := connectInTime(fd, a, patience); {
	case e == syscall.ECONNREFUSED:
		return noWorker
	case e != 0 || peerUserID(fd) != userID(): // it would get the password
		return notTaken
	}
	if send(fd, frame, files) == 0 && acknowledged(fd, patience) {
		return taken
	}
	return notTaken
}

// connectInTime comes back to a queue that is full: a thousand fronts at once are
// no reason for a thousand workers.
func connectInTime(fd int, a *address, patience int) errno {
	const pause = 5
	for waited := 0; ; waited += pause {
		e := connect(fd, a)
		if e != syscall.EAGAIN || waited >= patience {
			return e
		}
		awaitReadable(-1, pause)
	}
}

// acknowledged waits for the worker's byte. When it does not come in time, the
// socket is shut before a last look: from then on the worker's acknowledgement
// fails, so that the job is run either there or here and never twice.
func acknowledged(fd, patience int) bool {
	awaitReadable(fd, patience)
	if received(fd) {
		return true
	}
	shutdown(fd)
	return received(fd)
}

func received(fd int) bool {
	var b [1]byte
	n, e := read(fd, b[:])
	return e == 0 && n == 1 && b[0] == Acknowledged
}

// listen binds the worker's name on its behalf: fronts that come while it
// starts find it already, and of two that start one at once only one succeeds.
func listen(a *address) (int, errno) {
	fd, e := newSocket(0)
	if e != 0 {
		return -1, e
	}
	if e := bindAndListen(fd, a); e != 0 {
		closeFile(fd)
		return -1, e
	}
	return fd, 0
}

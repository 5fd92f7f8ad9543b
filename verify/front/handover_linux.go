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

// rounds is how often a worker is looked for that came between two calls, that is
// just leaving, or for which there is no room yet: each comes a millisecond later
// than the one before, all of them 45 ms while OpenVPN waits, and five seconds where
// it has gone on.
func (p *process) rounds() int {
	if p.detached {
		return 100
	}
	return 10
}

// handOver gives the job to the worker that serves this user id, binary and
// configuration, or starts it. When that worker cannot be had (another user
// sits on its name, it does not answer), the job gets a worker of its own. false: not
// even that was possible.
func (p *process) handOver(config string, frame []byte, files results) bool {
	if userID() == overflowID && !idsAreTheHosts() {
		return p.beginWorker(config, frame, files, -1) == 0
	}
	// One that declines again and again cannot do its work, and whoever is in the way of
	// the name may stay there for good.
	const mostMisses = 5
	for round, misses := 0, 0; round < p.rounds() && misses < mostMisses; round++ {
		if round > 0 {
			awaitReadable(-1, round)
		}
		address := p.workerAddress(config) // another one, when the files have changed since
		switch offer(&address, frame, files, p.patience()) {
		case taken:
			return true
		case notTaken:
			return p.beginWorker(config, frame, files, -1) == 0
		case declined:
			misses++
			continue
		}
		listener, e := listen(&address)
		if e == syscall.EADDRINUSE { // between somebody's bind and listen, or for good
			misses++
			continue
		}
		if e != 0 {
			break
		}
		if e = p.beginWorker(config, frame, files, listener); e != syscall.EAGAIN {
			return e == 0
		}
		closeFile(listener) // whoever waits there has another round, too
	}
	return p.beginWorker(config, frame, files, -1) == 0
}

// beginWorker starts a worker and, where OpenVPN has gone on, waits until it has
// the job: Go's runtime ends the process when it cannot make a thread, and a filter
// of system calls or a lack of memory may end it, too. With listener >= 0 it serves
// further fronts.
func (p *process) beginWorker(config string, frame []byte, files results, listener int) errno {
	if !p.detached {
		return p.startWorker(config, frame, files, listener, -1)
	}
	var ends [2]int32
	if e := newPipe(&ends); e != 0 {
		return e
	}
	e := p.startWorker(config, frame, files, listener, int(ends[1]))
	closeFile(int(ends[1]))
	if e == 0 && !begun(int(ends[0]), p.patience()) {
		e = syscall.ECHILD
	}
	closeFile(int(ends[0]))
	return e
}

// begun tells whether the worker has the job, or may have it yet: one that is slow
// ends at the latest with the pipe's other end.
func begun(fd, patience int) bool {
	if !awaitReadable(fd, patience) {
		return true
	}
	var b [1]byte
	n, _ := read(fd, b[:])
	return n == 1
}

type answer int

const (
	noWorker answer = iota
	notTaken
	declined // by a worker that is leaving, or could not keep the job
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
	switch e := send(fd, frame, files); e {
	case 0:
		return acknowledged(fd, patience)
	case syscall.EPIPE, syscall.ECONNRESET:
		return declined
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
func acknowledged(fd, patience int) answer {
	awaitReadable(fd, patience)
	if reply := received(fd); reply != notTaken {
		return reply
	}
	shutdown(fd)
	if received(fd) == taken {
		return taken
	}
	return notTaken
}

func received(fd int) answer {
	var b [1]byte
	n, e := read(fd, b[:])
	switch {
	case e == 0 && n == 1 && b[0] == Acknowledged:
		return taken
	case e == 0 && n == 0 || e == syscall.ECONNRESET:
		return declined
	}
	return notTaken
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

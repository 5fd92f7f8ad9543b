package logging

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// queueLength is how many lines may wait for a slow log before further ones are counted and dropped.
const queueLength = 4096

// flushTimeout bounds the wait for a log that takes nothing any more.
const flushTimeout = 500 * time.Millisecond

// queue lets a login go on while its line waits to be written: standard error
// may be a pipe that nobody reads, and a disk may be full.
type queue struct {
	out     io.Writer
	note    func(dropped int64) []byte // the line that tells of them
	stderr  *os.File
	lines   chan []byte
	dropped atomic.Int64
	waiting chan chan struct{}
}

func newQueue(out io.Writer, note func(dropped int64) []byte) *queue {
	q := &queue{out: out, note: note, stderr: os.Stderr, lines: make(chan []byte, queueLength), waiting: make(chan chan struct{})}
	go q.run()
	return q
}

// Write takes a line, or drops it when the queue is full.
func (q *queue) Write(line []byte) (int, error) {
	select {
	case q.lines <- append([]byte(nil), line...):
	default:
		q.dropped.Add(1)
	}
	return len(line), nil
}

func (q *queue) run() {
	for {
		select {
		case line := <-q.lines:
			q.write(line)
		case done := <-q.waiting:
			for len(q.lines) > 0 {
				q.write(<-q.lines)
			}
			close(done)
		}
	}
}

// write says on standard error, which may work, that the log does not.
func (q *queue) write(line []byte) {
	if n := q.dropped.Swap(0); n > 0 {
		defer q.write(q.note(n))
	}
	if _, err := q.out.Write(line); err != nil && q.out != q.stderr {
		fmt.Fprintf(q.stderr, "ovpn-verify: log: %v\n%s", err, line)
	}
}

func (q *queue) flush() {
	done := make(chan struct{})
	timeout := time.After(flushTimeout)
	select {
	case q.waiting <- done:
	case <-timeout:
		return
	}
	select {
	case <-done:
	case <-timeout:
	}
}

package status

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/trace"
)

const (
	firstWrite = 200 * time.Millisecond // after the start: a worker for one login writes once
	writeEvery = time.Second            // while there is news
	lookEvery  = 30 * time.Second       // at who is locked out
	lastWrite  = 500 * time.Millisecond // what the end of the process waits
)

// Options are what a Recorder needs to know.
type Options struct {
	Path     string // of the file; see PathFor
	Textfile string // empty: none
	Backend  string // of this process's logins
	Series   []End  // are there from the start, at zero
	Worker   Worker
	Locked   func() (Locked, error) // nil: not known
	Failed   func(error)            // called once when writing fails, and again after it worked
}

// Recorder is safe for concurrent use.
type Recorder struct {
	Options
	file *file // owned by whoever writes

	mu      sync.Mutex
	news    Snapshot // since the last time it was written
	pending int
	dirty   bool
	timer   *time.Timer // nil: nobody is about to write
	closed  bool

	writing  sync.Mutex
	locked   Locked
	lookedAt time.Time
	broken   bool
	ended    bool // the last one is written
}

// Start counts from now on, for one worker.
func Start(o Options) *Recorder {
	r := &Recorder{Options: o, file: &file{path: o.Path}}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dirty = true
	r.timer = time.AfterFunc(firstWrite, r.write)
	return r
}

// Began notes that a login is under way, until Login.
func (r *Recorder) Began() {
	r.note(func(*Snapshot) { r.pending++ })
}

// Login counts one that has ended.
func (r *Recorder) Login(verdict, reason string, took time.Duration) {
	r.note(func(s *Snapshot) {
		r.pending--
		s.logins(r.Backend, verdict, reason).Count++
		s.Took.observe(took)
	})
}

// Step counts what a server was asked. Other steps are not counted.
func (r *Recorder) Step(step trace.Step) {
	if step.Server == "" || step.Note != "" {
		return
	}
	now := time.Now()
	r.note(func(s *Snapshot) {
		v := s.server(r.Backend, step.Server)
		if v == nil {
			return
		}
		v.Took.observe(step.Took)
		news := Server{Up: answered(step.Err), Changed: now}
		switch {
		case !news.Up:
			news.Failed, news.Cause = 1, oneLine(step.Err.Error())
		case step.Name == "connect":
			return // whether it answers is yet to be seen
		default:
			news.Answered, news.Last = now, step.Took
		}
		v.add(news)
	})
}

// answered tells an answer, whatever it says, from an outage.
func answered(err error) bool {
	_, asks := errors.AsType[*primary.ChallengeError](err)
	return err == nil || asks || errors.Is(err, primary.ErrRefused)
}

func (r *Recorder) note(what func(*Snapshot)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	what(&r.news)
	r.dirty = true
	if r.timer == nil && !r.closed {
		r.timer = time.AfterFunc(writeEvery, r.write)
	}
}

// Close writes what is left. It does not wait for a disk that hangs.
func (r *Recorder) Close() {
	r.mu.Lock()
	r.closed = true
	if r.timer != nil {
		r.timer.Stop()
	}
	r.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.write()
	}()
	select {
	case <-done:
	case <-time.After(lastWrite):
	}
}

// write puts the news into the files. It begins anew when there was more meanwhile.
func (r *Recorder) write() {
	r.writing.Lock()
	defer r.writing.Unlock()
	if r.ended {
		return
	}
	news, worker, last := r.take()
	r.look(last)
	counted, err := r.file.update(func(s *Snapshot) {
		s.add(&news)
		r.register(s, worker, last)
	}, r.writeTextfile)
	if !counted {
		r.putBack(news)
	}
	r.goOn()
	if err != nil && !r.broken && r.Failed != nil {
		r.Failed(err)
	}
	r.broken, r.ended = err != nil, last && counted
}

func (r *Recorder) take() (news Snapshot, worker Worker, last bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	news, r.news, r.dirty = r.news, Snapshot{}, false
	worker = r.Worker
	worker.Pending = r.pending
	return news, worker, r.closed
}

// putBack keeps what was not written for the next time.
func (r *Recorder) putBack(news Snapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	news.add(&r.news)
	r.news, r.dirty = news, true
}

// goOn writes again when there is more.
func (r *Recorder) goOn() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.timer = nil
	if r.dirty && !r.closed {
		r.timer = time.AfterFunc(writeEvery, r.write)
	}
}

// register keeps this worker among those that run, until it ends.
func (r *Recorder) register(s *Snapshot, worker Worker, last bool) {
	worker.Lock = r.file.holds
	s.Workers = slices.DeleteFunc(s.Workers, func(w Worker) bool {
		return w.Lock == worker.Lock || !r.file.alive(w)
	})
	if !last {
		s.Workers = append(s.Workers, worker)
	}
}

// look asks now and then who is locked out: that reads all counters.
func (r *Recorder) look(last bool) {
	if r.Locked == nil || r.Textfile == "" || !last && time.Since(r.lookedAt) < lookEvery {
		return
	}
	r.lookedAt = time.Now()
	if locked, err := r.Options.Locked(); err == nil {
		r.locked = locked
	}
}

// oneLine keeps a server's words from spreading.
func oneLine(text string) string {
	const most = 512 // bytes
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

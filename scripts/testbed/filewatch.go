package testbed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// fileWatch notes when files of a folder were closed by the last who had them open
// to write, which is the moment after the verdict: looking at a thousand files every
// millisecond would take the processors from what is measured.
type fileWatch struct {
	inotify *os.File

	mu      sync.Mutex
	at      map[string]time.Time     // by name, the last
	waiting map[string]chan struct{} // likewise, closed with the next
	done    chan struct{}
	err     error
}

func watchFiles(dir string) (*fileWatch, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("testbed: inotify: %w", err)
	}
	w := &fileWatch{
		inotify: os.NewFile(uintptr(fd), "inotify"), at: map[string]time.Time{},
		waiting: map[string]chan struct{}{}, done: make(chan struct{}),
	}
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_CLOSE_WRITE); err != nil {
		return nil, errors.Join(fmt.Errorf("testbed: watching %s: %w", dir, err), w.inotify.Close())
	}
	go w.run()
	return w, nil
}

func (w *fileWatch) run() {
	defer close(w.done)
	var buf [64 << 10]byte
	for {
		n, err := w.inotify.Read(buf[:])
		now := time.Now()
		if err != nil {
			if !errors.Is(err, os.ErrClosed) {
				w.err = err
			}
			return
		}
		w.note(buf[:n], now)
	}
}

// note reads the kernel's events (inotify(7)).
func (w *fileWatch) note(events []byte, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(events) >= unix.SizeofInotifyEvent {
		length := int(binary.NativeEndian.Uint32(events[12:]))
		end := unix.SizeofInotifyEvent + length
		name := strings.TrimRight(string(events[unix.SizeofInotifyEvent:end]), "\x00")
		w.at[name] = now
		if news, ok := w.waiting[name]; ok {
			close(news)
			delete(w.waiting, name)
		}
		events = events[end:]
	}
}

// closed waits until the file holds a verdict and has been closed.
func (w *fileWatch) closed(path string, deadline time.Time) (at time.Time, ok bool) {
	name := filepath.Base(path)
	for {
		at, seen, news := w.look(name)
		if seen && readText(path) != "" {
			return at, true
		}
		select {
		case <-news:
		case <-w.done:
			return time.Time{}, false
		case <-time.After(time.Until(deadline)):
			return time.Time{}, false
		}
	}
}

// look tells when the file was closed, if it was, and what tells of the next time.
func (w *fileWatch) look(name string) (at time.Time, seen bool, news <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.waiting[name]; !ok {
		w.waiting[name] = make(chan struct{})
	}
	at, seen = w.at[name]
	return at, seen, w.waiting[name]
}

func (w *fileWatch) close() error {
	err := w.inotify.Close()
	<-w.done
	return errors.Join(err, w.err)
}

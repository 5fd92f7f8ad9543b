// Package tracefs has the kernel note what programs of a name do, without a debugger that would stop them: each event costs them about a microsecond. It
// needs root, and a kernel with events for system calls (CONFIG_FTRACE_SYSCALLS).
package tracefs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// bufferKB is for each processor: room for some hundred thousand events.
const bufferKB = "16384"

// Recorder notes events until it is stopped, in an instance of its own, so that it
// disturbs nobody else who traces.
type Recorder struct {
	mount, instance string
	events          []string // their folders
}

// Start notes the events, such as "syscalls/sys_enter_fdatasync", of processes with
// one of the names, as Name has them.
func Start(names []string, events ...string) (r *Recorder, err error) {
	r = &Recorder{}
	defer func() {
		if err != nil {
			err = fmt.Errorf("tracefs, which needs root: %w", errors.Join(err, r.close()))
		}
	}()
	mount, err := os.MkdirTemp("", "tracefs-")
	if err != nil {
		return nil, err
	}
	r.mount = mount
	if err := syscall.Mount("none", mount, "tracefs", 0, ""); err != nil {
		return nil, err
	}
	r.instance = filepath.Join(mount, "instances", filepath.Base(mount))
	if err := os.Mkdir(r.instance, 0o700); err != nil {
		return nil, err
	}
	return r, r.enable(names, events)
}

func (r *Recorder) enable(names []string, events []string) error {
	err := errors.Join(r.set("trace_clock", "mono"), r.set("options/record-tgid", "1"), r.set("buffer_size_kb", bufferKB))
	var any []string
	for _, name := range names {
		any = append(any, fmt.Sprintf("comm == %q", name))
	}
	filter := strings.Join(any, " || ")
	for _, event := range events {
		folder := filepath.Join("events", event)
		r.events = append(r.events, folder)
		err = errors.Join(err, r.set(filepath.Join(folder, "filter"), filter), r.set(filepath.Join(folder, "enable"), "1"))
	}
	return err
}

// Name is what the kernel calls the process: the first 15 bytes of the last part of the
// path that was executed, which for a worker may be "exe", of /proc/self/exe.
func Name(pid int) (string, error) {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(name)), err
}

func (r *Recorder) set(file, value string) error {
	return os.WriteFile(filepath.Join(r.instance, file), []byte(value), 0)
}

// Stop returns what was noted, in its order.
func (r *Recorder) Stop() ([]Event, error) {
	err := r.set("tracing_on", "0")
	text, readErr := os.ReadFile(filepath.Join(r.instance, "trace"))
	events, lost := parse(string(text))
	if lost {
		err = errors.Join(err, errors.New("tracefs: more events than the buffer holds"))
	}
	return events, errors.Join(err, readErr, r.close())
}

// close can be called after a Start that failed half-way.
func (r *Recorder) close() error {
	var errs []error
	for _, folder := range r.events {
		errs = append(errs, r.set(filepath.Join(folder, "enable"), "0"))
	}
	if r.instance != "" {
		errs = append(errs, syscall.Rmdir(r.instance), syscall.Unmount(r.mount, 0))
	}
	if r.mount != "" {
		errs = append(errs, os.Remove(r.mount))
	}
	return errors.Join(errs...)
}

// Event is one thing that a thread did.
type Event struct {
	At      time.Duration // of the monotonic clock, to the microsecond
	Program string        // as Name has it
	Process int
	Thread  int
	Name    string // such as "sys_fdatasync"
	Enter   bool   // a system call begins; false: it ends, or the event is none
	Text    string // of a call that begins its arguments, "fd: 7", of one that ends its result, "0x0"
}

// parse reads the kernel's text (Documentation/trace/ftrace.rst, "Output format"):
//
//	cat-20998   (  20997) [000] .....  1014.198700: sys_openat(dfd: 0xffffff9c, flags: 0x80000)
//	cat-20998   (  20997) [000] .....  1014.198712: sys_openat -> 0x3
func parse(text string) (events []Event, lost bool) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			lost = lost || overrun(line)
			continue
		}
		if e, ok := parseLine(strings.TrimSpace(line)); ok {
			events = append(events, e)
		}
	}
	return events, lost
}

var lineHead = regexp.MustCompile(`^(.*)-(\d+)\s+\(\s*([0-9-]+)\) \[\d+\]\s+\S+\s+(\d+)\.(\d{6})$`)

func parseLine(line string) (e Event, ok bool) {
	head, what, _ := strings.Cut(line, ": ")
	m := lineHead.FindStringSubmatch(head)
	if m == nil {
		return e, false
	}
	at, _ := strconv.ParseInt(m[4]+m[5], 10, 64)
	e = Event{At: time.Duration(at) * time.Microsecond, Program: m[1]}
	e.Thread, _ = strconv.Atoi(m[2])
	if e.Process, _ = strconv.Atoi(m[3]); e.Process <= 0 { // not known yet: it has only just begun
		e.Process = e.Thread
	}
	if name, result, ends := strings.Cut(what, " -> "); ends {
		e.Name, e.Text = name, result
	} else if name, arguments, begins := strings.Cut(what, "("); begins && strings.HasPrefix(name, "sys_") {
		e.Name, e.Text, e.Enter = name, strings.TrimSuffix(arguments, ")"), true
	} else {
		e.Name, e.Text, _ = strings.Cut(what, ": ")
	}
	return e, true
}

// overrun is in the first lines: "# entries-in-buffer/entries-written: 32/32   #P:2".
func overrun(line string) bool {
	var kept, written int
	n, _ := fmt.Sscanf(line, "# entries-in-buffer/entries-written: %d/%d", &kept, &written)
	return n == 2 && kept < written
}

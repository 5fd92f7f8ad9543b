package serverconf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// maxFiles and maxSize bound what is read: files that include others twice each
// are many soon.
const (
	maxFiles = 200
	maxSize  = 4 << 20 // bytes of one file
)

type reader struct {
	conf  *Conf
	open  []os.FileInfo // the files that are being read, each included by the one before
	files int
}

// Read reads path and the files that it includes. dir is the folder that OpenVPN
// is started in or told by --cd; relative paths within the configuration are
// relative to it, and not to the file in which they stand (src/openvpn/options.c,
// option "cd": it counts from its line on). The error means that path itself
// cannot be read.
func Read(path, dir string) (*Conf, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	f.Close()
	r := &reader{conf: &Conf{Path: path, Dir: dir}}
	r.include(path, Place{File: path})
	return r.conf, nil
}

func (r *reader) fault(at Place, format string, a ...any) {
	r.conf.Faults = append(r.conf.Faults, Fault{Place: at, Text: fmt.Sprintf(format, a...)})
}

func (r *reader) unread(at Place, format string, a ...any) {
	r.conf.Faults = append(r.conf.Faults, Fault{at, fmt.Sprintf(format, a...), true})
}

// include reads a file; at is the line that names it.
func (r *reader) include(path string, at Place) {
	if r.files++; r.files > maxFiles {
		if r.files == maxFiles+1 {
			r.unread(at, "more than %d files are included", maxFiles)
		}
		return
	}
	content, info, err := readFile(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		r.unread(at, "%s cannot be read: %v", path, err)
		return
	case err != nil:
		r.fault(at, "%s cannot be read: %v", path, err)
		return
	case r.within(info):
		r.fault(at, "%s includes itself", path)
		return
	case len(r.open) == maxDepth:
		r.fault(at, "%s is included by the last of %d files that include one another", path, maxDepth)
		return
	}
	r.open = append(r.open, info)
	r.lines(path, content)
	r.open = r.open[:len(r.open)-1]
}

func (r *reader) within(info os.FileInfo) bool {
	for _, open := range r.open {
		if os.SameFile(open, info) {
			return true
		}
	}
	return false
}

func readFile(path string) (string, os.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a named pipe must not hold us up
	if err != nil {
		if p, ok := errors.AsType[*fs.PathError](err); ok {
			err = p.Err
		}
		return "", nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err == nil && info.Size() > maxSize {
		err = fmt.Errorf("larger than %d bytes", maxSize)
	}
	if err != nil {
		return "", nil, err
	}
	content, err := io.ReadAll(io.LimitReader(f, maxSize))
	return string(content), info, err
}

// directive keeps the line. Two of them change how the following are read.
func (r *reader) directive(d Directive) {
	r.conf.Directives = append(r.conf.Directives, d)
	switch {
	case len(d.Words) != 2:
	case d.Name() == "config" && d.Arg(1) == "stdin":
		r.unread(d.Place, "more of the configuration comes from standard input")
	case d.Name() == "config":
		r.include(r.conf.Resolve(d.Arg(1)), d.Place)
	case d.Name() == "cd":
		r.conf.Dir = r.conf.Resolve(d.Arg(1))
	}
}

package logging

import "os"

// logFile is the file of that name. It stays open, and is opened anew once logrotate
// has moved it away, and where nothing can be written: the reader of a pipe may have
// come back.
type logFile struct {
	path string
	open *os.File // nil: none is
	info os.FileInfo
}

func (l *logFile) Write(line []byte) (int, error) {
	if l.isInPlace() {
		n, err := l.open.Write(line)
		if err == nil || n > 0 {
			return n, err
		}
	}
	if err := l.reopen(); err != nil {
		return 0, err
	}
	return l.open.Write(line)
}

func (l *logFile) isInPlace() bool {
	info, err := os.Stat(l.path)
	return err == nil && l.open != nil && os.SameFile(info, l.info)
}

func (l *logFile) reopen() (err error) {
	l.close()
	l.open, err = os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	l.info, err = l.open.Stat()
	return err
}

func (l *logFile) close() {
	if l.open != nil {
		l.open.Close()
	}
	l.open = nil
}

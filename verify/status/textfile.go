package status

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// validName: node_exporter reads files whose names end so, and the temporary one
// beside it must not.
func validName(path string) bool {
	return filepath.Ext(path) == ".prom" && len(filepath.Base(path)) > len(".prom")
}

// writeTextfile puts a new file in the old one's place: node_exporter may read at
// any moment. The caller has the lock.
func (r *Recorder) writeTextfile(s Snapshot) error {
	if r.Textfile == "" {
		return nil
	}
	temp := r.Textfile + ".new"
	err := os.Remove(temp) // of a process that was killed
	if err == nil || os.IsNotExist(err) {
		err = r.replaceTextfile(temp, s)
	}
	if err != nil {
		return fmt.Errorf("metrics.textfile: %w", err)
	}
	return nil
}

func (r *Recorder) replaceTextfile(temp string, s Snapshot) error {
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, e := range r.Series { // the first of its kind is an increase only where there was a zero
		s.logins(r.Backend, e.Verdict, e.Reason)
	}
	_, err = io.WriteString(f, metrics(s, r.locked, r.Worker.Version))
	if err == nil {
		err = f.Chmod(0o644) // whatever umask the daemon has: node_exporter is another user
	}
	if err == nil {
		err = os.Rename(temp, r.Textfile)
	}
	if err != nil {
		_ = os.Remove(temp)
	}
	return err
}

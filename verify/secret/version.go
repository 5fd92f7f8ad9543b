package secret

import (
	"fmt"
	"os"
	"syscall"
)

// Version tells one state of a file from another, by all that stat knows of it:
// a file replaced by one of the same size and time of modification (cp -p) has
// another inode or time of change.
func Version(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	s := info.Sys().(*syscall.Stat_t)
	return fmt.Sprint(s.Dev, s.Ino, s.Size, info.ModTime().UnixNano(), changed(s), s.Mode, s.Uid), nil
}

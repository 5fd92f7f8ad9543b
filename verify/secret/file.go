package secret

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"syscall"
)

// maxFile is far above any password or shared secret; a larger file is a mistake.
const maxFile = 64 << 10

// ReadFile reads a secret from path, without the line end that editors add.
// A file that others may read or write is refused with the command that mends it.
func ReadFile(path string) (Text, error) {
	f, err := Open(path)
	if err != nil {
		return Text{}, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Text{}, fmt.Errorf("secret file %q: %w", path, err)
	}
	b = bytes.TrimRight(b, "\r\n")
	switch {
	case len(b) == 0:
		return Text{}, fmt.Errorf("secret file %q is empty", path)
	case len(b) > maxFile:
		return Text{}, fmt.Errorf("secret file %q is larger than %d bytes", path, maxFile)
	}
	return New(b), nil
}

// Open opens a file that holds secrets, after the same look at owner and mode
// as ReadFile. The checks are made on the open file, so there is no moment
// between check and use.
func Open(path string) (*os.File, error) {
	return open(path, 0o027, "chmod 0640")
}

// OpenPublic opens a file that anybody may read but nobody else may write:
// the configuration.
func OpenPublic(path string) (*os.File, error) {
	return open(path, 0o022, "chmod go-w")
}

func open(path string, forbidden os.FileMode, mend string) (*os.File, error) {
	// O_NONBLOCK: a named pipe in the file's place must not hold us up.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if err := checkOwnerAndMode(f, forbidden, mend); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func checkOwnerAndMode(f *os.File, forbidden os.FileMode, mend string) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%q is not a regular file", f.Name())
	}
	if bad := info.Mode().Perm() & forbidden; bad != 0 {
		return fmt.Errorf("%q has mode %04o, so that others could %s it; mend it with: %s %s",
			f.Name(), info.Mode().Perm(), deed(bad), mend, f.Name())
	}
	owner, self := info.Sys().(*syscall.Stat_t).Uid, os.Geteuid()
	if self != 0 && owner != 0 && int(owner) != self {
		return fmt.Errorf("%q belongs to user id %d, who is neither root nor the user that runs this (%d); mend it with: chown root %s",
			f.Name(), owner, self, f.Name())
	}
	return nil
}

func deed(bad os.FileMode) string {
	if bad&0o022 != 0 {
		return "write"
	}
	return "read"
}

package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"

	"ovpn-verify/verify/secret"
)

// Users are the hashes by user name.
type Users map[string]Hash

// maxUsersFile bounds the users file in bytes; a hundred thousand users fit.
const maxUsersFile = 16 << 20

type usersFile struct {
	Users Users `toml:"users"`
}

// ReadUsers reads the users file. A file that others may read or write is
// refused with the command that mends it.
func ReadUsers(path string) (Users, error) {
	f, err := secret.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var content usersFile
	b, err := io.ReadAll(io.LimitReader(f, maxUsersFile+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxUsersFile {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxUsersFile)
	}
	if err := toml.NewDecoder(bytes.NewReader(b)).DisallowUnknownFields().Decode(&content); err != nil {
		return nil, fmt.Errorf("%s: %w", path, withoutContent(err))
	}
	if content.Users == nil {
		content.Users = Users{}
	}
	return content.Users, nil
}

// withoutContent keeps lines of the file, which hold hashes, out of the error.
func withoutContent(err error) error {
	if decode, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, _ := decode.Position()
		return fmt.Errorf("line %d: not a users file", line)
	}
	if _, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		return errors.New("there is something besides the table [users]")
	}
	return errors.New("not a users file")
}

// ChangeUsers reads the file, lets change work on it and puts the result in
// its place, atomically and with the owner and mode it had. Two changes at
// once follow one another. A missing file counts as empty; a symbolic link is
// followed.
func ChangeUsers(path string, change func(Users) error) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	dir, err := lockFolder(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	users, err := ReadUsers(path)
	if errors.Is(err, os.ErrNotExist) {
		users, err = Users{}, nil
	}
	if err != nil {
		return err
	}
	if err := change(users); err != nil {
		return err
	}
	return replace(path, dir, users)
}

// lockTimeout is how long a change waits for another one.
const lockTimeout = 5 * time.Second

// lockFolder keeps others from changing the users file until the folder is closed.
func lockFolder(path string) (*os.File, error) {
	dir, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(lockTimeout); ; time.Sleep(10 * time.Millisecond) {
		err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return dir, nil
		}
		if time.Now().After(deadline) {
			dir.Close()
			return nil, fmt.Errorf("another program has locked the folder %q: %w", path, err)
		}
	}
}

// note is for whoever opens the file.
const note = "# Kept by `ovpn-verify user add`, `passwd` and `remove`.\n"

func replace(path string, dir *os.File, users Users) error {
	temp, err := os.CreateTemp(dir.Name(), ".users-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	defer temp.Close()
	if err := keepOwnerAndMode(temp, path, dir); err != nil {
		return err
	}
	content, err := toml.Marshal(usersFile{users})
	if err != nil {
		return err
	}
	if len(content)+len(note) > maxUsersFile {
		return fmt.Errorf("the users file would be larger than %d bytes", maxUsersFile)
	}
	if _, err := temp.Write(append([]byte(note), content...)); err != nil {
		return err
	}
	if err := temp.Sync(); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	return dir.Sync()
}

// keepOwnerAndMode gives temp what the old file has. A new file gets mode 0600
// and, when root makes it in another user's folder, that user as its owner, so
// that the daemon can read it.
func keepOwnerAndMode(temp *os.File, path string, dir *os.File) error {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		if info, err = dir.Stat(); err != nil || os.Geteuid() != 0 {
			return err
		}
		return temp.Chown(int(info.Sys().(*syscall.Stat_t).Uid), -1)
	}
	if err != nil {
		return err
	}
	if err := temp.Chmod(info.Mode().Perm()); err != nil {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t)
	return temp.Chown(int(owner.Uid), int(owner.Gid))
}

// maxName bounds a user name in bytes, as the pipeline does.
const maxName = 256

// CheckName tells why a name cannot be added.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("the user name is empty")
	case len(name) > maxName:
		return fmt.Errorf("the user name is longer than %d bytes", maxName)
	case !utf8.ValidString(name):
		return errors.New("the user name is not valid UTF-8")
	case strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("the user name holds control characters")
	case strings.TrimSpace(name) != name:
		return errors.New("the user name begins or ends with a space")
	}
	return nil
}

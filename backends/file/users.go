package file

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
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
	dec := toml.NewDecoder(io.LimitReader(f, maxUsersFile)).DisallowUnknownFields()
	if err := dec.Decode(&content); err != nil {
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
// once follow one another. A missing file counts as empty.
func ChangeUsers(path string, change func(Users) error) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("locking %q: %w", dir.Name(), err)
	}
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
	if _, err := temp.Write(encode(users)); err != nil {
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

// encode writes the table in the order of names, with a note for whoever opens it.
func encode(users Users) []byte {
	var b strings.Builder
	b.WriteString("# Kept by `ovpn-verify user add`, `passwd` and `remove`.\n[users]\n")
	for _, name := range slices.Sorted(maps.Keys(users)) {
		fmt.Fprintf(&b, "%s = %q\n", key(name), string(users[name]))
	}
	return []byte(b.String())
}

// key quotes a name as a TOML basic string. CheckName has kept out what would
// need escapes of TOML's own.
func key(name string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
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
	}
	return nil
}

package harden

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// dropBoundingSet makes sure that no capability could come back by executing a
// file. Without CAP_SETPCAP, which OpenVPN's unit does not give, the set stays as
// it is; no_new_privs has the same effect.
func dropBoundingSet() error {
	if own, err := capabilities(); err != nil || !own.inEffect(unix.CAP_SETPCAP) {
		return failed("capabilities", err)
	}
	for c := 0; ; c++ {
		there, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(c), 0, 0, 0)
		if err != nil {
			return nil // the last one of this kernel was before
		}
		if there == 0 {
			continue
		}
		if err := everyThread(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, uintptr(c), 0); err != nil {
			return failed("capability bounding set", err)
		}
	}
}

// dropCapabilities gives up every capability. Only a process that stays root's
// and has to read or write what belongs to somebody else keeps those for that.
func dropCapabilities(files []File) error {
	own, err := capabilities()
	if err != nil {
		return failed("capabilities", err)
	}
	if os.Geteuid() != 0 || !own.inEffect(unix.CAP_DAC_OVERRIDE) {
		return failed("capabilities", setCapabilities(capabilitySet{}))
	}
	var kept capabilitySet
	kept.permit(unix.CAP_DAC_OVERRIDE) // to use another user's files
	kept.permit(unix.CAP_CHOWN)        // to give that user the files that are made
	if err := setCapabilities(kept); err != nil {
		return failed("capabilities", err)
	}
	for _, f := range files {
		path, deed := f.denied()
		if path == "" {
			path, deed = f.givenAway()
		}
		if path != "" {
			kept[0].Effective, kept[1].Effective = kept[0].Permitted, kept[1].Permitted
			return errors.Join(
				fmt.Errorf("root keeps CAP_DAC_OVERRIDE and CAP_CHOWN to %s %q%s; worker.user can name a user that does without", deed, path, ownership(path)),
				failed("capabilities", setCapabilities(kept)))
		}
	}
	return failed("capabilities", setCapabilities(capabilitySet{}))
}

// capabilitySet is what capset(2) takes in version 3: 64 bits in two halves.
type capabilitySet [2]unix.CapUserData

func (s *capabilitySet) inEffect(c int) bool { return s[c/32].Effective&(1<<(c%32)) != 0 }

func (s *capabilitySet) permit(c int) { s[c/32].Permitted |= 1 << (c % 32) }

func capabilities() (s capabilitySet, err error) {
	err = unix.Capget(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &s[0])
	return s, err
}

// givenAway is the folder in which what root makes is its owner's afterwards,
// which takes both capabilities, also where root's group may write to it.
func (f File) givenAway() (folder, deed string) {
	folder = filepath.Dir(f.Path)
	info, err := os.Stat(folder)
	if f.Use != Keep || err != nil || info.Sys().(*syscall.Stat_t).Uid == 0 {
		return "", ""
	}
	return folder, "make its owner's files in"
}

// setCapabilities also empties the inheritable set and with it the ambient one.
func setCapabilities(s capabilitySet) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	return everyThread(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&s[0])), 0)
}

// permitted asks for the capabilities in effect, which access(2) does not for
// root. A kernel that cannot tell (before 5.8) leaves root what it has.
func permitted(path string, mode uint32) bool {
	err := unix.Faccessat2(unix.AT_FDCWD, path, mode, unix.AT_EACCESS)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		return os.Geteuid() != 0 && unix.Access(path, mode) == nil
	}
	return !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.EROFS)
}

// ownership is what an administrator has to know of a path.
func ownership(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	owner := info.Sys().(*syscall.Stat_t)
	return fmt.Sprintf(", which belongs to user id %d, group id %d, with mode %04o", owner.Uid, owner.Gid, info.Mode().Perm())
}

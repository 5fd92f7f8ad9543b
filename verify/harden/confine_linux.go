package harden

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/landlock-lsm/go-landlock/landlock"
	landlocksys "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// Rights that rules give (Linux, Documentation/userspace-api/landlock.rst).
const (
	readFile      landlock.AccessFSSet = landlocksys.AccessFSReadFile
	readFolder                         = readFile | landlocksys.AccessFSReadDir
	appendFolder  landlock.AccessFSSet = landlocksys.AccessFSWriteFile | landlocksys.AccessFSMakeReg
	keepFolder                         = readFolder | appendFolder | landlocksys.AccessFSTruncate | landlocksys.AccessFSRemoveFile
	replaceFolder                      = appendFolder | landlocksys.AccessFSRemoveFile
	fileRights                         = readFile | landlocksys.AccessFSWriteFile | landlocksys.AccessFSTruncate
)

// restricted is everything that Landlock knows of files up to its fifth version,
// and connecting to abstract sockets. Later versions would forbid ldapi://.
var restricted = landlock.Config{
	HandledAccessFS: landlock.V5.HandledAccessFS,
	Scoped:          landlocksys.ScopeAbstractUnixSocket,
}

type rule struct {
	path   string
	rights landlock.AccessFSSet
}

// confine lets the process open what the rules name and nothing else. Files that
// are open stay open. changed tells that a rule's path leads elsewhere now: a
// rule is about the file that it led to.
//
// The hundreds of links to certificates are half of what it takes, so that they are
// followed only for systemRoots.
func confine(files []File, systemRoots bool) (changed func() bool, err error) {
	if version, err := landlocksys.LandlockGetABIVersion(); err != nil || version < 1 {
		return nil, errors.New("this kernel has no Landlock: the process may open every file that its user id may")
	}
	rules := rulesFor(files)
	before := fingerprint(rules)
	var paths []landlock.Rule
	if systemRoots {
		rules = append(rules, linkedCertificates()...)
	}
	for _, r := range rules {
		info, err := os.Stat(r.path)
		if err != nil {
			continue // opening it will tell
		}
		if !info.IsDir() {
			r.rights &= fileRights
		}
		paths = append(paths, landlock.PathAccess(r.rights, r.path))
	}
	if err := restricted.BestEffort().Restrict(paths...); err != nil {
		return nil, fmt.Errorf("restricting the files that can be opened: %w", err)
	}
	return func() bool { return !slices.Equal(fingerprint(rulesFor(files)), before) }, nil
}

// rightsInFolder are those in the folder of a file that is not only read once.
var rightsInFolder = map[Use]landlock.AccessFSSet{ReadAgain: readFolder, Keep: keepFolder, Append: appendFolder, Replace: replaceFolder}

func rulesFor(files []File) []rule {
	rules := systemRules()
	for _, f := range files {
		if f.Use == Read {
			rules = append(rules, rule{f.Path, readFile})
			continue
		}
		rights := rightsInFolder[f.Use]
		rules = append(rules, rule{filepath.Dir(f.Path), rights})
		if info, err := os.Lstat(f.Path); err == nil && info.Mode()&os.ModeSymlink != 0 {
			if target, err := filepath.EvalSymlinks(f.Path); err == nil {
				rules = append(rules, rule{filepath.Dir(target), rights})
			}
		}
	}
	return rules
}

// systemRules are for what Go's libraries read: net (resolv.conf and its like),
// crypto/x509 (root_linux.go, and where distributions' links lead), time.
func systemRules() []rule {
	var rules []rule
	for _, path := range []string{
		"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/services", "/etc/protocols", "/etc/localtime",
		"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", // links, on some systems
		"/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem", "/etc/pki/tls/cacert.pem", os.Getenv("SSL_CERT_FILE"),
	} {
		rules = append(rules, rule{path, readFile})
	}
	for _, path := range append(certificateFolders(), "/usr/share/zoneinfo") {
		rules = append(rules, rule{path, readFolder})
	}
	return rules
}

func certificateFolders() []string {
	return append(strings.Split(os.Getenv("SSL_CERT_DIR"), ":"),
		"/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted", "/etc/ca-certificates/extracted",
		"/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/var/lib/ca-certificates")
}

// linkedCertificates are those in the folders that lie elsewhere. They are read
// once, so that no fingerprint has them.
func linkedCertificates() []rule {
	var rules []rule
	folders := certificateFolders()
	for _, folder := range folders {
		entries, _ := os.ReadDir(folder) // opening it will tell
		for _, e := range entries {
			if e.Type()&os.ModeSymlink == 0 {
				continue
			}
			path := filepath.Join(folder, e.Name())
			target, err := os.Readlink(path)
			if err == nil && strings.Contains(target, "/") && !slices.ContainsFunc(folders, func(f string) bool {
				return f != "" && strings.HasPrefix(filepath.Clean(target), f+"/")
			}) {
				rules = append(rules, rule{path, readFile})
			}
		}
	}
	return rules
}

// inode is a file or folder, whatever path leads to it.
type inode struct{ device, number uint64 }

// fingerprint tells which files and folders the paths lead to.
func fingerprint(rules []rule) []inode {
	found := make([]inode, len(rules)) // zero for a path that leads nowhere
	for i, r := range rules {
		var info syscall.Stat_t
		if syscall.Stat(r.path, &info) == nil {
			found[i] = inode{uint64(info.Dev), info.Ino}
		}
	}
	return found
}

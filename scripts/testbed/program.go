package testbed

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// BuildProgram builds ovpn-verify as it ships, with make, into a folder of its
// own, where every user can execute it. remove takes it away again. With tags it
// is another program than that which ships.
func BuildProgram(tags ...string) (binary string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "ovpn-verify-built-")
	if err != nil {
		return "", nil, err
	}
	binary = filepath.Join(dir, "ovpn-verify")
	out, err := build(binary, tags)
	if err = errors.Join(err, os.Chmod(dir, 0o755)); err != nil {
		os.RemoveAll(dir)
		return "", nil, fmt.Errorf("testbed: building ovpn-verify: %w\n%s", err, out)
	}
	return binary, func() { os.RemoveAll(dir) }, nil
}

func build(binary string, tags []string) (output []byte, err error) {
	module, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return nil, err
	}
	root := filepath.Dir(strings.TrimSpace(string(module)))
	return exec.Command("make", "-s", "-C", root, "build", "OUT="+binary, "TAGS="+strings.Join(tags, ",")).CombinedOutput()
}

// Worker is a worker process of ovpn-verify.
type Worker struct {
	PID       int
	Arguments string // separated by NUL
	Environ   string // likewise
}

// Workers finds the workers whose configuration is in dir.
func Workers(dir string) []Worker {
	var found []Worker
	for path := range withArguments("\x00worker\x00--config\x00" + dir + "/") {
		pid, _ := strconv.Atoi(filepath.Base(path))
		found = append(found, Worker{pid, readText(filepath.Join(path, "cmdline")), readText(filepath.Join(path, "environ"))})
	}
	return found
}

// Running tells whether any process has its configuration in dir: a worker, front, or
// the copy of front that OpenVPN does not wait for.
func Running(dir string) bool { return IsRunning("\x00--config\x00" + dir + "/") }

// IsRunning tells whether there is a process in whose command line, its words with a
// NUL behind each, the text stands.
func IsRunning(text string) bool {
	for range withArguments(text) {
		return true
	}
	return false
}

// withArguments are the processes in whose command line the text stands.
func withArguments(text string) iter.Seq[string] {
	return func(yield func(path string) bool) {
		paths, _ := filepath.Glob("/proc/[0-9]*")
		for _, path := range paths {
			if strings.Contains(readText(filepath.Join(path, "cmdline")), text) && !yield(path) {
				return
			}
		}
	}
}

// Kill ends the worker as a crash would.
func (w Worker) Kill() error { return syscall.Kill(w.PID, syscall.SIGKILL) }

// FindSecrets looks for each secret, plain, in hex, base64 and decimals, in each
// place's content, and returns what was found where. A code of six digits counts
// only where it stands for itself: a log is full of longer numbers, and its time
// stamps in microseconds are left out.
func FindSecrets(places map[string]string, secrets []string) []string {
	var found []string
	for name, content := range places {
		p := newPlace(content)
		for _, secret := range secrets {
			for form, text := range map[string]string{
				"plain": secret, "hex": hex.EncodeToString([]byte(secret)),
				"base64":   strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "="),
				"decimals": strings.Trim(fmt.Sprint([]byte(secret)), "[]"),
			} {
				if p.contains(text) {
					found = append(found, fmt.Sprintf("%q stands in %s, %s", secret, name, form))
				}
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

var (
	stamps = regexp.MustCompile(`us=[0-9]+`) // OpenVPN's --verb 4
	digits = regexp.MustCompile(`[0-9]+`)
)

// place is read once, since a run has thousands of secrets.
type place struct {
	content string          // in lower case
	numbers map[string]bool // the whole ones in it
}

func newPlace(content string) place {
	p := place{strings.ToLower(stamps.ReplaceAllString(content, "")), map[string]bool{}}
	for _, number := range digits.FindAllString(p.content, -1) {
		p.numbers[number] = true
	}
	return p
}

func (p place) contains(text string) bool {
	if text != "" && digits.FindString(text) == text {
		return p.numbers[text]
	}
	return strings.Contains(p.content, strings.ToLower(text))
}

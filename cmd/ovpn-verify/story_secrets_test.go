package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// process is a worker that serves a story.
type process struct {
	pid     int
	cmdline string
	environ string
}

func (p process) kill() { _ = syscall.Kill(p.pid, syscall.SIGKILL) }

// workers finds this story's workers by their command line.
func (s *story) workers() []process {
	var found []process
	paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range paths {
		cmdline, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(cmdline), "\x00worker\x00--config\x00"+s.dir+"/") {
			continue
		}
		environ, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "environ"))
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		found = append(found, process{pid, string(cmdline), string(environ)})
	}
	return found
}

// lookForSecrets fails when a password, code or challenge state is where it
// could be read: in the log, in what was shown, in a worker's arguments or
// environment, in the state.
func (s *story) lookForSecrets(ts *testscript.TestScript) {
	log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	state, _ := os.ReadFile(filepath.Join(s.dir, "state.db"))
	places := map[string]string{"the log": string(log), "the state": string(state)}
	for _, w := range s.workers() {
		places["a worker's arguments"] += w.cmdline
		places["a worker's environment"] += w.environ
	}
	// What the client is shown holds the challenge's state, by design.
	shown := s.seen.String()
	for _, word := range s.secrets {
		for form, text := range formsOf(word) {
			for place, content := range places {
				if strings.Contains(strings.ToLower(content), strings.ToLower(text)) {
					ts.Fatalf("%q stands in %s, as %s", word, place, form)
				}
			}
			if len(word) != len("1234567890123456789012") && strings.Contains(shown, text) {
				ts.Fatalf("%q is shown, as %s", word, form)
			}
		}
	}
}

func formsOf(s string) map[string]string {
	return map[string]string{
		"plain": s, "hex": hex.EncodeToString([]byte(s)),
		"base64":   strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(s)), "="),
		"decimals": strings.Trim(fmt.Sprint([]byte(s)), "[]"),
	}
}

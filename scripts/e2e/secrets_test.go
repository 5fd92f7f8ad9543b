//go:build e2e

package e2e_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// worker is a process that serves this world.
type worker struct {
	pid              int
	cmdline, environ string
}

func (w *world) workers() []worker {
	var found []worker
	paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range paths {
		cmdline, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(cmdline), "\x00worker\x00--config\x00"+w.dir+"/") {
			continue
		}
		environ, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "environ"))
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		found = append(found, worker{pid, string(cmdline), string(environ)})
	}
	return found
}

// endWorkers also looks for secrets, since every test comes here.
func (w *world) endWorkers() {
	w.lookForSecrets()
	for _, found := range w.workers() {
		_ = syscall.Kill(found.pid, syscall.SIGKILL)
	}
}

// lookForSecrets reads every log, the daemon's temporary folder, the state, and
// the worker's arguments and environment.
func (w *world) lookForSecrets() {
	w.t.Helper()
	places := map[string]string{}
	for _, path := range []string{w.path("log"), w.path("state.db")} {
		places[path] = read(path)
	}
	if w.server != nil {
		places[w.server.LogPath] = read(w.server.LogPath)
		_ = filepath.WalkDir(w.server.TempDir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				places[path] = read(path)
			}
			return nil
		})
	}
	for _, found := range w.workers() {
		places["the worker's arguments and environment"] = found.cmdline + found.environ
	}
	for _, word := range w.secrets {
		for form, text := range formsOf(word) {
			for place, content := range places {
				if strings.Contains(content, text) {
					w.t.Errorf("%q stands in %s, as %s", word, place, form)
				}
			}
		}
	}
}

func read(path string) string {
	content, _ := os.ReadFile(path)
	return string(content)
}

func formsOf(s string) map[string]string {
	return map[string]string{
		"plain": s, "hex": hex.EncodeToString([]byte(s)),
		"base64":   strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(s)), "="),
		"decimals": strings.Trim(fmt.Sprint([]byte(s)), "[]"),
	}
}

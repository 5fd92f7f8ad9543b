//go:build e2e

package e2e_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ovpn-verify/scripts/testbed"
)

// endWorkers also looks for secrets, since every test comes here, and shows the
// last logins of a test that failed.
func (w *world) endWorkers() {
	w.lookForSecrets()
	if w.t.Failed() {
		lines := strings.SplitAfter(read(w.path("log")), "\n")
		w.t.Logf("the end of our log:\n%s", strings.Join(lines[max(0, len(lines)-40):], ""))
	}
	for _, found := range testbed.Workers(w.dir) {
		_ = found.Kill()
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
	for _, found := range testbed.Workers(w.dir) {
		places["the worker's arguments and environment"] = found.Arguments + found.Environ
	}
	for _, found := range testbed.FindSecrets(places, w.secrets) {
		w.t.Error(found)
	}
}

func read(path string) string {
	content, _ := os.ReadFile(path)
	return string(content)
}

package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ovpn-verify/backends/file"
	"ovpn-verify/scripts/testbed"
	"ovpn-verify/verify/secret"
)

// fullPipe is a standard error that takes nothing any more, and whose reader
// lives: a log service that stands still.
func fullPipe(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	if err := w.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = w.Write(make([]byte, 4096))
	}
	return w
}

func TestFullStandardErrorHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(config, []byte("[login]\nbackend = \"file\"\nno_such_key = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]testbed.Call{
		"refused by front":              {Args: []string{"--help"}},
		"worker without configuration":  {Config: config},
		"without deferral":              {Config: config, NoDeferral: true},
		"without deferral and argument": {Args: []string{"--help"}, NoDeferral: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.Binary, c.Username, c.Password, c.Window = binary, "ada", "horse-battery", 5*time.Second
			c.Stderr = fullPipe(t)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			r, err := c.Run(ctx)
			if err != nil || r.Accepted() || r.Status < 1 || r.Blocked > 5*time.Second || r.Status == 2 && r.Verdict != '0' {
				t.Errorf("%+v, %v", r, err)
			}
			for deadline := time.Now().Add(10 * time.Second); len(testbed.Workers(dir)) > 0; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the worker waits for its log")
				}
			}
		})
	}
}

// A log that nobody reads any more is no reason to refuse.
func TestBrokenStandardErrorRefusesNobody(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"config.toml": "[login]\nbackend = \"file\"\nsecond_factor = \"none\"\n[worker]\nlinger = \"0s\"\n",
		"users.toml":  "[users]\nada = \"" + hashOf(t, "horse-battery") + "\"\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, noDeferral := range []bool{false, true} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		defer w.Close()
		c := testbed.Call{Binary: binary, Config: filepath.Join(dir, "config.toml"), Username: "ada",
			Password: "horse-battery", Window: 10 * time.Second, NoDeferral: noDeferral, Stderr: w}
		if result, err := c.Run(t.Context()); err != nil || !result.Accepted() {
			t.Errorf("without deferral %v: %+v, %v", noDeferral, result, err)
		}
	}
}

func hashOf(t *testing.T, password string) string {
	t.Helper()
	hash, err := file.NewHash(secret.FromString(password))
	if err != nil {
		t.Fatal(err)
	}
	return string(hash)
}

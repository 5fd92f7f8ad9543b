package logging_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ovpn-verify/verify/logging"
)

func TestLogSurvivesLogrotate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	log, flush := logging.New(logging.Config{To: path, Format: "json"})
	log.Info("one", "user", "a\nb")
	flush()
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	log.Info("two")
	flush()
	for file, want := range map[string]string{path + ".1": "one", path: "two"} {
		content, err := os.ReadFile(file)
		var line map[string]any
		if err != nil || strings.Count(string(content), "\n") != 1 || json.Unmarshal(content, &line) != nil || line["msg"] != want {
			t.Errorf("%s: %q, %v", file, content, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o027 != 0 {
		t.Errorf("others may read or write it: %v, %v", info.Mode(), err)
	}
}

// A log that takes nothing (here a pipe that nobody reads) holds no login up.
func TestBlockedLogHoldsNobodyUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	log, flush := logging.New(logging.Config{To: path, Format: "text"})
	began := time.Now()
	for range 10000 {
		log.Info(strings.Repeat("x", 100))
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("logging took %v", took)
	}
	flush()
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("flushing took %v", took)
	}
	// What is still to be written would make the file anew in the folder that goes.
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	flush()
}

// Who reads a pipe may come back.
func TestLogFindsThePipesNextReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	log, _ := logging.New(logging.Config{To: path, Format: "text"})
	for _, message := range []string{"one", "two", "three"} {
		log.Info(message)
		reader, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(reader).ReadString('\n')
		if err != nil || !strings.Contains(line, message) {
			t.Errorf("%q, %v", line, err)
		}
		reader.Close()
	}
}

//go:build manual

package main

import (
	"bytes"
	"io"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"ovpn-verify/scripts/manual"
)

// Built with this tag, the program writes its manual pages and completions into
// the folder share that its argument names, and ends: the grammar can be seen from
// here alone. SOURCE_DATE_EPOCH is the date of the pages.
func init() {
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		log.Fatalf("SOURCE_DATE_EPOCH: %v", err)
	}
	date := time.Unix(seconds, 0)
	model := newParser(&grammar{}).Model
	writeFile("man/man8/ovpn-verify.8", func(w io.Writer) error { return manual.Program(w, model, date) })
	writeFile("man/man5/ovpn-verify.toml.5", func(w io.Writer) error {
		return manual.Configuration(w, example, date)
	})
	writeFile("bash-completion/completions/ovpn-verify", func(w io.Writer) error { return manual.Bash(w, model) })
	writeFile("zsh/site-functions/_ovpn-verify", func(w io.Writer) error { return manual.Zsh(w, model) })
	writeFile("fish/vendor_completions.d/ovpn-verify.fish", func(w io.Writer) error { return manual.Fish(w, model) })
	os.Exit(0)
}

func writeFile(name string, write func(io.Writer) error) {
	var content bytes.Buffer
	path := filepath.Join(os.Args[1], name)
	if err := write(&content); err != nil {
		log.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(path, content.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}

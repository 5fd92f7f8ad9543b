package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"ovpn-verify/scripts/manual"
)

// Whoever adds a command, a flag or a key writes what it is for: the manual pages
// and completions are made of these texts.
func TestEveryFlagAndKeyHasAText(t *testing.T) {
	model := newParser(&grammar{}).Model
	if untold := manual.Untold(model); len(untold) > 0 {
		t.Errorf("in the grammar:\n%s", strings.Join(untold, "\n"))
	}
	if err := manual.Configuration(io.Discard, example, time.Unix(0, 0)); err != nil {
		t.Errorf("in example.toml:\n%v", err)
	}
}

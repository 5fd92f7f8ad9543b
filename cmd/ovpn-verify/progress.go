package main

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

// progress is a bar on standard error, and nothing where that is no terminal.
type progress struct {
	total int
	on    bool
	style style
}

const barWidth = 40

func newProgress(total int) *progress {
	name := os.Getenv("TERM")
	return &progress{total: total, on: term.IsTerminal(int(os.Stderr.Fd())) && name != "" && name != "dumb", style: styleOf(os.Stderr)}
}

func (p *progress) show(done int) {
	if !p.on {
		return
	}
	full := done * barWidth / max(p.total, 1)
	bar := p.style.green(strings.Repeat("=", full)) + strings.Repeat(" ", barWidth-full)
	fmt.Fprintf(os.Stderr, "\r[%s] %d of %d", bar, done, p.total)
}

// end clears the line for what comes next.
func (p *progress) end() {
	if p.on {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
}

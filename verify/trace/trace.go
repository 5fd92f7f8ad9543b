// Package trace collects the steps of one login (which server was asked, how
// long it took, what came of it) for `check`, and the server for the log record.
package trace

import (
	"context"
	"sync"
	"time"
)

// Step is one thing that was done for a login.
type Step struct {
	Name   string // "connect", "bind", "search", "Access-Request", …
	Server string // URL or host:port; empty for steps that ask no server
	Took   time.Duration
	Err    error  // nil: it went well
	Note   string // what a server told that decides nothing, such as a password that expires soon
}

// Trace is safe for concurrent use. The zero Trace is ready; a nil *Trace records nothing.
type Trace struct {
	OnStep func(Step) // called after each step, when set; not concurrently

	mu    sync.Mutex
	steps []Step
}

type key struct{}

// With returns a context whose steps are recorded in t.
func With(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, key{}, t)
}

// Start begins a step; the function it returns ends it. Without a Trace in ctx
// both do nothing.
func Start(ctx context.Context, name, server string) (end func(error)) {
	t, _ := ctx.Value(key{}).(*Trace)
	if t == nil {
		return func(error) {}
	}
	began := time.Now()
	return func(err error) {
		t.add(Step{Name: name, Server: server, Took: time.Since(began), Err: err})
	}
}

// Note records a step that consists of what a server told.
func Note(ctx context.Context, name, server, note string) {
	if t, _ := ctx.Value(key{}).(*Trace); t != nil {
		t.add(Step{Name: name, Server: server, Note: note})
	}
}

func (t *Trace) add(s Step) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.steps = append(t.steps, s)
	if t.OnStep != nil {
		t.OnStep(s)
	}
}

// Server is the last server that was asked, or "".
func (t *Trace) Server() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := len(t.steps) - 1; i >= 0; i-- {
		if t.steps[i].Server != "" {
			return t.steps[i].Server
		}
	}
	return ""
}

// Notes are those of all steps.
func (t *Trace) Notes() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var notes []string
	for _, s := range t.steps {
		if s.Note != "" {
			notes = append(notes, s.Note)
		}
	}
	return notes
}

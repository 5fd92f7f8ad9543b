package main

import (
	"testing"

	"ovpn-verify/verify/front"
)

// The worker's start goes without the grammar, and has to come to the same.
func TestWorkersCallIsReadAsTheGrammarReadsIt(t *testing.T) {
	for _, args := range [][]string{
		{front.WorkerCommand, "--config", "/etc/a.toml"},
		{front.WorkerCommand, "--config", "/etc/a b=c.toml", front.ListenFlag},
	} {
		var g grammar
		if _, err := newParser(&g).Parse(args); err != nil {
			t.Fatal(err)
		}
		cmd, config, ok := workerCall(args)
		if !ok || cmd != g.Worker || config != g.Config {
			t.Errorf("%q: %+v with %q, %v; the grammar: %+v with %q", args, cmd, config, ok, g.Worker, g.Config)
		}
	}
}

func TestOtherCallsAreTheGrammars(t *testing.T) {
	for _, args := range [][]string{
		nil, {front.WorkerCommand}, {front.WorkerCommand, "--config"}, {front.WorkerCommand, front.ListenFlag, "--config"},
		{front.WorkerCommand, "--config", "/etc/a.toml", "--help"}, {"version", "--config", "/etc/a.toml"},
		{front.WorkerCommand, "--config", "/etc/a.toml", front.ListenFlag, front.ListenFlag},
	} {
		if _, _, ok := workerCall(args); ok {
			t.Errorf("%q is taken for the worker's call", args)
		}
	}
}

package main

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"ovpn-verify/scripts/bench/stand"
)

//go:embed programs/empty.c programs/background.sh programs/fork.py
var sources embed.FS

// program is one row of a table.
type program struct {
	name   string
	path   string
	config string // passed as --config; empty: not passed
	status int    // the exit status of a call that went well
	user   string // whose login it is

	// lingering says that the process that gives the verdict outlives the call.
	// Of other programs everything that they leave behind is waited for.
	lingering bool
}

const (
	// tooLong is refused before anything else is looked at, so that the worker
	// does the least, and what it does with the processors disturbs no figure.
	tooLong = 300
	nameGo  = "empty Go program"
	nameC   = "C program that only exits"
	nameSh  = "shell script that backgrounds its work"
	namePy  = "Python script that forks and exits 2"
)

// callPrograms builds the programs to compare with, as far as their compilers and
// interpreters are there, and two configurations for ours.
func callPrograms(o options, dir string) ([]program, error) {
	goPath, err := buildGo(dir)
	if err != nil {
		return nil, err
	}
	programs := []program{{name: nameGo, path: goPath}}
	if path, err := buildC(dir); err != nil {
		return nil, err
	} else if path != "" {
		programs = append(programs, program{name: nameC, path: path})
	}
	shell, err := script(dir, "background.sh", "")
	if err != nil {
		return nil, err
	}
	programs = append(programs, program{name: nameSh, path: shell, status: 2})
	if interpreter := python(); interpreter != "" {
		path, err := script(dir, "fork.py", "#!"+interpreter+"\n")
		if err != nil {
			return nil, err
		}
		programs = append(programs, program{name: namePy, path: path, status: 2})
	}
	ours, err := fronts(o.binary, "front", dir)
	if err != nil || o.against == "" {
		return append(programs, ours...), err
	}
	others, err := fronts(o.against, "the other front", dir)
	return slices.Concat(programs, ours, others), err
}

// fronts are the two ways in which OpenVPN meets our program.
func fronts(binary, name, dir string) ([]program, error) {
	var programs []program
	for _, c := range []struct{ name, linger string }{{"worker lingers (warm)", "10s"}, {"starting the worker (cold)", "0s"}} {
		config := filepath.Join(dir, "linger-"+c.linger+".toml")
		if err := writeConfig(dir, config, c.linger); err != nil {
			return nil, err
		}
		programs = append(programs, program{
			name: name + ", " + c.name, path: binary, config: config, status: 2,
			user: strings.Repeat("a", tooLong), lingering: c.linger != "0s",
		})
	}
	return programs, nil
}

func writeConfig(dir, path, linger string) error {
	return os.WriteFile(path, fmt.Appendf(nil, `[login]
backend = "file"
second_factor = "none"
[file]
path = "users.toml"
[state]
path = %q
[worker]
linger = %q
[log]
to = %q
`, filepath.Join(dir, "state.db"), linger, filepath.Join(dir, "log")), 0o600)
}

// buildGo builds the empty program with the options that ours is built with.
func buildGo(dir string) (string, error) {
	path := filepath.Join(dir, "emptygo")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "ovpn-verify/scripts/bench/programs/emptygo")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	return path, output(build)
}

// buildC returns an empty path where there is no compiler.
func buildC(dir string) (string, error) {
	if _, err := exec.LookPath("gcc"); err != nil {
		return "", nil
	}
	source, err := sources.ReadFile("programs/empty.c")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "empty")
	return path, stand.BuildC(path, source)
}

// script writes one of our sources, behind head.
func script(dir, name, head string) (string, error) {
	text, err := sources.ReadFile("programs/" + name)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	return path, os.WriteFile(path, append([]byte(head), text...), 0o755)
}

// python is the interpreter itself: what stands in PATH may be a script that looks
// for it, which would cost the comparison more than the interpreter.
func python() string {
	const system = "/usr/bin/python3"
	if _, err := os.Stat(system); err == nil {
		return system
	}
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

func output(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd.Path, err, out)
	}
	return nil
}

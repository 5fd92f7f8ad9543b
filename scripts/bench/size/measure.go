package main

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"ovpn-verify/scripts/bench/figures"
)

// measure builds the program with its symbols and reads sizes and init times.
func measure(packages map[string]pkg) (map[string]cost, error) {
	dir, err := os.MkdirTemp("", "ovpn-verify-size-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "ovpn-verify")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, program)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	costs := map[string]cost{}
	if err := addSymbols(costs, packages, binary); err != nil {
		return nil, err
	}
	return costs, addInits(costs, binary)
}

// addSymbols leaves out what is not in the file: memory that begins as zeroes.
func addSymbols(costs map[string]cost, packages map[string]pkg, binary string) error {
	f, err := elf.Open(binary)
	if err != nil {
		return err
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		return err
	}
	for _, symbol := range symbols {
		section := int(symbol.Section)
		if section >= len(f.Sections) || f.Sections[section].Type == elf.SHT_NOBITS {
			continue
		}
		path := packageOf(symbol.Name, packages)
		c := costs[path]
		c.size += int64(symbol.Size)
		costs[path] = c
	}
	return nil
}

var generated = regexp.MustCompile(`^(type:|go:itab\.|\.eq\.|\.hash\.|\.namedata\.|\.importpath\.|func\(|struct \{ *|\*|\[\d*\]|map\[|<-|chan )`)

// packageOf is the import path in a symbol's name, "" for those of no package.
func packageOf(name string, packages map[string]pkg) string {
	for generated.MatchString(name) {
		name = generated.ReplaceAllString(name, "")
	}
	name, _, _ = strings.Cut(name, "[") // type arguments
	slash := strings.LastIndex(strings.SplitN(name, "(", 2)[0], "/")
	dot := strings.Index(name[slash+1:], ".")
	if dot < 0 {
		return ""
	}
	// Within the last element of a path a dot is written as %2e.
	path := strings.ReplaceAll(name[:slash+1+dot], "%2e", ".")
	if path == "main" {
		path = program
	}
	if _, known := packages[path]; !known {
		return ""
	}
	return path
}

// addInits reads them from a command that does nothing after the inits, which are
// those of the worker.
func addInits(costs map[string]cost, binary string) error {
	inits, err := figures.Inits(binary)
	for _, init := range inits {
		path := init.Package
		if path == "main" {
			path = program
		}
		c := costs[path]
		c.initMs, c.allocs = figures.Ms(init.Took), init.Allocates
		costs[path] = c
	}
	return err
}

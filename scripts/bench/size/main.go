// Command size says what each dependency adds to the program: the packages that
// are there for it alone, their symbols in the binary, and what their init
// functions cost each process that comes so far as to run them, which are the
// worker and the commands, not front. Of dependencies of dependencies it names
// whose they are, and of all of them what is linked.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"text/tabwriter"
)

const program = "ovpn-verify/cmd/ovpn-verify"

// pkg is what `go list` tells of a package.
type pkg struct {
	ImportPath string
	Imports    []string
	ImportMap  map[string]string
	Module     *struct {
		Path string
		Main bool
	}
}

// cost is what packages add.
type cost struct {
	packages int
	size     int64 // bytes of symbols; their share of the tables of functions and lines is not in it
	initMs   float64
	allocs   int64 // bytes
}

func main() {
	binary := flag.String("binary", "bin/ovpn-verify", "the `program` as it ships")
	out := flag.String("out", "testdata/bench/size.txt", "the `file` that keeps the table")
	flag.Parse()
	if err := run(*binary, *out); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(binary, out string) error {
	info, err := os.Stat(binary)
	if err != nil {
		return err
	}
	packages, err := list()
	if err != nil {
		return err
	}
	costs, err := measure(packages)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("the program as it ships: %.2f MB\n\n", float64(info.Size())/1e6) + table(packages, costs)
	fmt.Print(text)
	return os.WriteFile(out, []byte(text), 0o644)
}

func table(packages map[string]pkg, costs map[string]cost) string {
	rows := map[string]cost{}
	for _, p := range packages {
		if p.Module != nil && !p.Module.Main {
			rows[p.Module.Path] = cost{}
		}
	}
	for module := range rows {
		rows[module] = sum(costs, without(packages, module))
	}
	modules := slices.SortedFunc(maps.Keys(rows), func(a, b string) int {
		return cmp.Or(cmp.Compare(rows[b].size, rows[a].size), cmp.Compare(a, b))
	})
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "packages\tKB\tinit µs\tinit allocates\t\t")
	for _, module := range modules {
		show(w, module+comesWith(packages, module), rows[module])
	}
	all := slices.Collect(maps.Keys(packages))
	total := sum(costs, append(all, "")) // with the symbols of no package
	total.packages = len(packages)
	show(w, "everything, Go's own packages included", total)
	w.Flush()
	b.WriteString(`
packages   those that are there for the module alone, its dependencies' and Go's own among them
KB         their symbols; their share of the tables of functions and lines is not in it
init       what their init functions take and allocate in each process but front's, the median of 21 starts
`)
	return b.String()
}

// comesWith names the module whose dependency another's is.
func comesWith(packages map[string]pkg, module string) string {
	users := map[string]bool{}
	for _, p := range packages {
		for _, imported := range p.Imports {
			if m := packages[imported].Module; m != nil && m.Path == module && p.Module != nil && p.Module.Path != module {
				if p.Module.Main {
					return ""
				}
				users[p.Module.Path] = true
			}
		}
	}
	return " (of " + strings.Join(slices.Sorted(maps.Keys(users)), ", ") + ")"
}

func show(w io.Writer, name string, c cost) {
	fmt.Fprintf(w, "%d\t%.0f\t%.0f\t%d\t\t%s\n", c.packages, float64(c.size)/1e3, c.initMs*1e3, c.allocs, name)
}

// list returns the program's packages by import path.
func list() (map[string]pkg, error) {
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,ImportMap,Module", program).Output()
	if err != nil {
		return nil, err
	}
	packages := map[string]pkg{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		packages[p.ImportPath] = p
	}
}

// without returns the packages that nobody would import but for the module.
func without(packages map[string]pkg, module string) []string {
	needed := map[string]bool{}
	var need func(path string)
	need = func(path string) {
		p := packages[path]
		if needed[path] || p.Module != nil && p.Module.Path == module {
			return
		}
		needed[path] = true
		for _, imported := range p.Imports {
			if mapped := p.ImportMap[imported]; mapped != "" {
				imported = mapped // a package that the standard library has a copy of
			}
			need(imported)
		}
	}
	need(program)
	need("runtime") // which nobody imports in so many words
	need("runtime/cgo")
	var only []string
	for path := range packages {
		if !needed[path] {
			only = append(only, path)
		}
	}
	return only
}

func sum(costs map[string]cost, packages []string) cost {
	total := cost{packages: len(packages)}
	for _, path := range packages {
		c := costs[path]
		total.size, total.initMs, total.allocs = total.size+c.size, total.initMs+c.initMs, total.allocs+c.allocs
	}
	return total
}

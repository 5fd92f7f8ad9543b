package testbed

import (
	"debug/elf"
	"debug/gosym"
	"runtime"
	"testing"
)

// The kernel starts the program in front, before Go's runtime.
func TestProgramStartsInFront(t *testing.T) {
	binary, remove, err := BuildProgram()
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	f, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	functions, err := f.Section(".gopclntab").Data()
	if err != nil {
		t.Fatal(err)
	}
	table, err := gosym.NewTable(nil, gosym.NewLineTable(functions, f.Section(".text").Addr))
	if err != nil {
		t.Fatal(err)
	}
	want := "ovpn-verify/verify/front.Entry"
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		want = "_rt0_" + runtime.GOARCH + "_linux"
	}
	if first := table.PCToFunc(f.Entry); first == nil || first.Name != want {
		t.Errorf("it starts in %+v, want %s", first, want)
	}
}

package main

import (
	"fmt"
	"runtime"
)

// Set by the linker; see the Makefile.
var (
	version = "devel"
	commit  = "unknown"
)

type versionCommand struct{}

// Run prints version, commit and Go, one line.
func (versionCommand) Run() error {
	fmt.Printf("ovpn-verify %s, commit %s, %s %s/%s\n", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

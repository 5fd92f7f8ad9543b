package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"ovpn-verify/backends/file"
	"ovpn-verify/verify/config"
	"ovpn-verify/verify/harden"
)

// example is the commented start of a configuration; a test loads it.
//
//go:embed example.toml
var example string

type configCommand struct {
	Check configCheck `cmd:"" help:"Report every fault of the configuration."`
	Show  configShow  `cmd:"" help:"Show the configuration in effect, with defaults and without secrets."`
	CA    configCA    `cmd:"" name:"ca" help:"Show the certificate authority that the directory shows, to compare and to trust it."`
	Init  configInit  `cmd:"" help:"Write a commented configuration that works, or print one to start from."`
}

type configCheck struct {
	ServerConf string `help:"Also check OpenVPN's configuration: what in it would refuse or drop users." placeholder:"FILE"`
	CD         string `name:"cd" help:"Folder that OpenVPN runs in (its --cd), when it is not that of the file." placeholder:"DIR"`
}

// Run also reads the files that the configuration names.
func (cmd *configCheck) Run(path *configFlag) error {
	c, err := path.load()
	if err != nil {
		return err
	}
	if _, err := newBackend(c, loginStore(c)); err != nil {
		return config.Locate(string(*path), err)
	}
	if c.Login.Backend == "file" {
		switch users, err := file.ReadUsers(c.File.Path); {
		case errors.Is(err, os.ErrNotExist), err == nil && len(users) == 0:
			fmt.Fprintln(os.Stderr, "warning: no users yet; add the first: ovpn-verify user add NAME")
		case err != nil:
			return config.Locate(string(*path), fmt.Errorf("file.path: %w", err))
		}
	}
	warnOfNoFolder(c.State.Path, "nothing can be remembered, failed attempts are not counted", "0700")
	if c.Metrics.Textfile != "" {
		warnOfNoFolder(c.Metrics.Textfile, "there are no metrics", "0755")
	}
	for _, w := range c.Warnings() {
		fmt.Fprintln(os.Stderr, "warning:", w)
	}
	findings, serverErr := cmd.judgeServerConf(string(*path), c)
	if err := usableByWorker(c); err != nil {
		return config.Locate(string(*path), err)
	}
	fmt.Printf("%s is fine\n", *path)
	if cmd.ServerConf == "" || serverErr != nil {
		return serverErr
	}
	return cmd.tell(findings)
}

// warnOfNoFolder tells of a file that the worker cannot make, and does without.
func warnOfNoFolder(path, then, mode string) {
	folder := filepath.Dir(path)
	if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
		fmt.Fprintf(os.Stderr, "warning: folder %s does not exist: %s; make it with: install -d -m %s -o USER %[1]s (the user that OpenVPN runs as)\n",
			folder, then, mode)
	}
}

// usableByWorker becomes worker.user, for good, to see whether it can do its
// work. Whoever is not root cannot become anybody, and nothing is known.
func usableByWorker(c config.Config) error {
	if c.Worker.User == "" || os.Geteuid() != 0 {
		return nil
	}
	_, err := harden.Restrict(c.Worker.User, c.Files(), c.SystemRoots())
	return err
}

type configShow struct{}

// Run prints TOML that loads again.
func (configShow) Run(path *configFlag) error {
	c, err := path.load()
	if err != nil {
		return err
	}
	return config.Write(os.Stdout, c)
}

package main

import (
	"fmt"
	"os"
	"path/filepath"

	"ovpn-verify/verify/config"
	"ovpn-verify/verify/openvpn/serverconf"
)

// checkServerConf prints what is wrong with OpenVPN's configuration; a problem is
// exit status 1. Both stock units run OpenVPN in the folder of its configuration.
func (cmd *configCheck) checkServerConf(path string, c config.Config) error {
	dir := cmd.CD
	if dir == "" {
		dir = filepath.Dir(cmd.ServerConf)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	conf, err := serverconf.Read(cmd.ServerConf, dir)
	if err != nil {
		return err
	}
	ours, err := oursFor(path, c)
	if err != nil {
		return err
	}
	findings := serverconf.Judge(conf, ours, serverconf.ThisHost())
	if err := serverconf.Write(os.Stdout, findings); err != nil {
		return err
	}
	switch {
	case serverconf.HasProblem(findings):
		return &statusError{exitProblem, fmt.Errorf("logins do not work, or are not safe, with %s as it is", cmd.ServerConf)}
	case len(findings) == 0:
		fmt.Printf("%s is fine\n", shown(cmd.ServerConf))
	}
	return nil
}

// oursFor is what OpenVPN's configuration has to agree with.
func oursFor(path string, c config.Config) (serverconf.Ours, error) {
	program, err := os.Executable()
	if err != nil {
		return serverconf.Ours{}, err
	}
	files := c.Inputs()
	if c.Login.Backend == "file" {
		files = append(files, c.File.Path)
	}
	path, err = filepath.Abs(path)
	return serverconf.Ours{
		Program: program, Config: path, Files: files,
		Deadline: c.Login.Deadline, SecondFactor: c.Login.SecondFactor == "totp",
		MatchesName: c.Login.MatchCommonName != "off", Lifetime: c.Session.Lifetime,
	}, err
}

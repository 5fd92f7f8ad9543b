package main

import (
	"fmt"
	"os"
	"path/filepath"

	"ovpn-verify/verify/config"
	"ovpn-verify/verify/openvpn/serverconf"
)

// judgeServerConf finds what is wrong with OpenVPN's configuration, if there is
// one to look at.
func (cmd *configCheck) judgeServerConf(path string, c config.Config) ([]serverconf.Finding, error) {
	if cmd.ServerConf == "" {
		return nil, nil
	}
	conf, err := readServerConf(cmd.ServerConf, cmd.CD)
	if err != nil {
		return nil, err
	}
	ours, err := oursFor(path, c)
	if err != nil {
		return nil, err
	}
	return serverconf.Judge(conf, ours, serverconf.ThisHost()), nil
}

// tell prints the findings; a problem is exit status 1.
func (cmd *configCheck) tell(findings []serverconf.Finding) error {
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

// readServerConf: both stock units run OpenVPN in the folder of its configuration,
// unless dir names another.
func readServerConf(path, dir string) (*serverconf.Conf, error) {
	if dir == "" {
		dir = filepath.Dir(path)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return serverconf.Read(path, dir)
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

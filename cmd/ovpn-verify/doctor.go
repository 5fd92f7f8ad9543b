package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"ovpn-verify/backends/file"
	"ovpn-verify/doctor"
	"ovpn-verify/verify/config"
	"ovpn-verify/verify/openvpn/serverconf"
)

type doctorCommand struct {
	ServerConf []string `help:"OpenVPN's configuration; without it every server's below /etc/openvpn." placeholder:"FILE"`
	CD         string   `name:"cd" help:"Folder that OpenVPN runs in (its --cd), when it is not that of the file." placeholder:"DIR"`
	ClientConf []string `help:"A user's profile, looked at as well." placeholder:"FILE"`
	Unit       string   `help:"systemd unit that runs OpenVPN; without it the stock one by the file's name." placeholder:"NAME"`
	UnitDir    []string `help:"Where units are; without it systemd's own folders." placeholder:"DIR"`
	OpenVPN    string   `name:"openvpn" help:"The OpenVPN program; without it the one that the unit starts." placeholder:"FILE"`
	JSON       bool     `help:"Print one JSON document (docs/doctor-json.md)."`
}

// doctorTimeout is for all of it; servers have timeouts of their own.
const doctorTimeout = 2 * time.Minute

// Run exits 0 when nothing that was looked at endangers users; notes do not.
func (cmd *doctorCommand) Run(path *configFlag) error {
	ctx, cancel := context.WithTimeout(context.Background(), doctorTimeout)
	defer cancel()
	areas, err := cmd.examine(ctx, string(*path))
	if err != nil {
		return err
	}
	if cmd.JSON {
		err = printReport(areas)
	} else {
		tellAreas(areas)
	}
	if err != nil || doctor.Fine(areas) {
		return err
	}
	return &statusError{exitProblem, nil}
}

// patient is what the areas have in common.
type patient struct {
	path    string // of the configuration
	config  config.Config
	backend any
	ours    serverconf.Ours
	units   []string // folders
}

func (cmd *doctorCommand) examine(ctx context.Context, path string) ([]doctor.Area, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	confs, err := cmd.serverConfs()
	if err != nil {
		return nil, err
	}
	p := patient{path: path, units: cmd.UnitDir}
	if len(p.units) == 0 {
		p.units = doctor.UnitFolders
	}
	configuration := p.read()
	areas := []doctor.Area{configuration.Judge()}
	if p.config.Login.Backend == "" {
		areas = append(areas, cmd.version(ctx, p, confs))
		return append(areas, doctor.Area{Name: "everything else", Seen: "not looked at: mend the configuration first"}), nil
	}
	if p.ours, err = oursFor(path, p.config); err != nil {
		return nil, err
	}
	confs, others := cmd.apart(confs, p.ours)
	areas = append(areas, cmd.version(ctx, p, confs))
	for _, c := range others {
		areas = append(areas, doctor.OtherServer(c))
	}
	for _, c := range confs {
		areas = append(areas, cmd.server(p, c)...)
	}
	if len(confs) == 0 {
		areas = append(areas, doctor.NoServer(), doctor.Files{Who: doctor.Anybody, Known: true, Needed: p.config.Files(), Config: p.path, Stat: os.Stat}.Judge())
	}
	areas = append(areas, p.outside(ctx, cmd.owner(p, confs))...)
	clients, err := cmd.clients(p)
	return append(areas, clients...), err
}

// read loads the configuration and makes the backend, which reads the secrets.
func (p *patient) read() doctor.Configuration {
	c := doctor.Configuration{Path: p.path, Root: os.Geteuid() == 0}
	loaded, err := config.Load(p.path)
	if err != nil {
		c.Err = err
		return c
	}
	p.config, c.Weak = loaded, loaded.Warnings()
	backend, err := newBackend(loaded, loginStore(loaded))
	if c.Err = config.Locate(p.path, err); err == nil {
		p.backend = backend
	}
	if loaded.Login.Backend == "file" {
		users, err := file.ReadUsers(loaded.File.Path)
		if err == nil && len(users) == 0 {
			err = fs.ErrNotExist
		}
		c.Users = err
	}
	return c
}

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/term"

	"ovpn-verify/backends/radius"
	"ovpn-verify/verify/config"
	"ovpn-verify/verify/openvpn/serverconf"
	"ovpn-verify/verify/secret"
)

// configInit writes a configuration that works, or prints the commented example
// where nobody says what belongs into it.
type configInit struct {
	Example      bool   `help:"Print the commented example, every key with its meaning."`
	Backend      string `help:"ldap, radius or file." enum:",ldap,radius,file" default:"" placeholder:"NAME"`
	SecondFactor string `help:"none or totp." enum:",none,totp" default:"" placeholder:"NAME"`

	URL               []string `name:"url" help:"ldaps://HOST, ldap://HOST or srv://DOMAIN; one after the other is asked." placeholder:"URL"`
	Domain            string   `help:"Find the servers by this domain's SRV records." placeholder:"DOMAIN"`
	StartTLS          bool     `name:"start-tls" help:"Encrypt ldap:// connections."`
	Schema            string   `help:"rfc2307, active-directory or freeipa; without it the server is asked." enum:",rfc2307,active-directory,freeipa" default:"" placeholder:"NAME"`
	BindDN            string   `name:"bind-dn" help:"Account that searches." placeholder:"DN"`
	BindPasswordStdin bool     `help:"Read its password from standard input."`
	BaseDN            string   `name:"base-dn" help:"Where the users are; without it the server is asked." placeholder:"DN"`
	RequiredGroup     []string `help:"Users must be in one of these groups." sep:"none" placeholder:"DN"`
	CAFile            string   `name:"ca-file" help:"Certificate authority; without it one that this host knows, if any will do." placeholder:"FILE"`
	CAFingerprint     string   `name:"ca-fingerprint" help:"SHA-256 of the authority's certificate, to trust the one that the server shows." placeholder:"HEX"`

	RadiusServer      []string `help:"HOST:PORT, or radsec://HOST:PORT." placeholder:"SERVER"`
	RadiusSecretStdin bool     `help:"Read the shared secret from standard input."`

	ServerConf string `help:"OpenVPN's configuration: the user in it gets the files." placeholder:"FILE"`
	State      string `help:"Path of the state." placeholder:"FILE"`
	Output     string `help:"File to write; without it that of --config." placeholder:"FILE"`
	Force      bool   `help:"Overwrite files that are there."`
}

// initTimeout is for everything that servers are asked.
const initTimeout = time.Minute

// given tells whether anything was said on the command line.
func (cmd *configInit) given() bool {
	return cmd.Backend+cmd.SecondFactor+cmd.Domain+cmd.Schema+cmd.BindDN+cmd.BaseDN+cmd.CAFile+cmd.CAFingerprint+cmd.ServerConf+cmd.State+cmd.Output != "" ||
		len(cmd.URL)+len(cmd.RequiredGroup)+len(cmd.RadiusServer) > 0 ||
		cmd.StartTLS || cmd.BindPasswordStdin || cmd.RadiusSecretStdin || cmd.Force
}

// Run asks on a terminal for what was not given, writes, and tries what it wrote.
func (cmd *configInit) Run(path *configFlag) error {
	// `config init > FILE` is the example from a terminal as well.
	asking := interactive() && (cmd.given() || term.IsTerminal(int(os.Stdout.Fd())))
	if cmd.Example || !cmd.given() && !asking {
		fmt.Print(example)
		return nil
	}
	if cmd.Output == "" {
		cmd.Output = string(*path)
	}
	output, err := filepath.Abs(cmd.Output)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), initTimeout)
	defer cancel()
	s := start{cmd: cmd, asking: asking, folder: filepath.Dir(output), output: output, secrets: map[string]secret.Text{}}
	if err := s.free(output); err != nil {
		return err
	}
	for _, step := range []func() error{func() error { return s.backend(ctx) }, s.common, s.write} {
		if err := step(); err != nil {
			return err
		}
	}
	return s.try()
}

// start is a configuration that is being made.
type start struct {
	cmd    *configInit
	asking bool
	output string
	folder string

	settings  []setting
	usersFile bool                   // the backend is the users file
	secrets   map[string]secret.Text // by file name in the folder
	public    map[string][]byte      // so, too: the authority's certificate
	conf      *serverconf.Conf       // OpenVPN's, or nil
	owner     serverconf.Account     // who has to read the secrets and keep the state
}

// setting is a line of the configuration.
type setting struct{ section, key, value string }

func (s *start) set(section, key string, value any) {
	s.settings = append(s.settings, setting{section, key, config.Literal(value)})
}

// common is what every backend needs.
func (s *start) common() error {
	factor, err := s.choose(s.cmd.SecondFactor, "Second factor, totp or none", "totp", "second-factor", oneOf("totp", "none"))
	if err != nil {
		return err
	}
	s.set("login", "second_factor", factor)
	if s.cmd.State != "" {
		s.set("state", "path", s.cmd.State)
	}
	return s.findOwner()
}

func (s *start) backend(ctx context.Context) error {
	backend, err := s.choose(s.cmd.Backend, "Backend, ldap, radius or file", "ldap", "backend", oneOf("ldap", "radius", "file"))
	if err != nil {
		return err
	}
	s.set("login", "backend", backend)
	switch backend {
	case "ldap":
		return s.directory(ctx)
	case "radius":
		return s.radius()
	case "file":
		s.usersFile = true
		return nil
	}
	return fmt.Errorf("login.backend must be \"ldap\", \"radius\" or \"file\", not %q", backend)
}

func (s *start) radius() error {
	servers, err := s.chooseList(s.cmd.RadiusServer, "RADIUS server, HOST:PORT", "", "radius-server", func(typed []string) error {
		c := radius.DefaultConfig()
		c.Servers = typed
		return about("radius.servers", c.Validate())
	})
	if err != nil {
		return err
	}
	s.set("radius", "servers", servers)
	if s.cmd.CAFile != "" {
		s.set("radius", "ca_file", s.cmd.CAFile)
	}
	return s.secret("radius", "secret_file", "radius.secret", s.cmd.RadiusSecretStdin, "Shared secret", "radius-secret-stdin")
}

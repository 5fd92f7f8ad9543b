package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"ovpn-verify/backends/ldap"
	"ovpn-verify/backends/tlsclient"
)

// directory asks the server what it can tell, and people for the rest.
func (s *start) directory(ctx context.Context) error {
	urls, err := s.urls()
	if err != nil {
		return err
	}
	s.set("ldap", "urls", urls)
	c := ldap.DefaultConfig()
	c.URLs = urls
	c.StartTLS = s.cmd.StartTLS || slices.ContainsFunc(urls, ldap.NeedsStartTLS)
	if c.StartTLS {
		s.set("ldap", "start_tls", true)
	}
	d, err := ldap.Discover(ctx, c)
	if err != nil {
		fmt.Fprintln(os.Stderr, "warning: no server could be asked:", shownLines(err.Error()))
	} else {
		s.say("asked", d.URL)
	}
	if err := s.authority(d); err != nil {
		return err
	}
	if schema := cmp.Or(s.cmd.Schema, d.Schema); schema != "" {
		s.set("ldap", "schema", schema)
	}
	return s.account(d)
}

// account is who searches, and where.
func (s *start) account(d ldap.Discovery) error {
	dn, err := s.optional(s.cmd.BindDN, "DN of the account that searches (empty: anonymous)")
	if err != nil {
		return err
	}
	if dn != "" {
		s.set("ldap", "bind_dn", dn)
		if err := s.secret("ldap", "bind_password_file", "ldap.secret", s.cmd.BindPasswordStdin, "Its password", "bind-password-stdin"); err != nil {
			return err
		}
	}
	base, err := s.choose(s.cmd.BaseDN, "Base DN of the users", d.Base, "base-dn", func(typed string) error {
		c := ldap.DefaultConfig()
		c.BaseDN = typed
		return about("ldap.base_dn", c.Validate())
	})
	if err != nil {
		return err
	}
	s.set("ldap", "base_dn", base)
	groups := s.cmd.RequiredGroup
	if len(groups) == 0 {
		group, err := s.optional("", "DN of the group that users must be in (empty: everyone)")
		if err != nil {
			return err
		}
		if group != "" {
			groups = []string{group}
		}
	}
	if len(groups) > 0 {
		s.set("ldap", "required_groups", groups)
	}
	return nil
}

// urls are those given, or those of the domain, by default this host's own.
func (s *start) urls() ([]string, error) {
	if len(s.cmd.URL) > 0 {
		return s.cmd.URL, nil
	}
	if s.cmd.Domain != "" {
		return []string{"srv://" + s.cmd.Domain}, nil
	}
	usual := ""
	if domain := searchDomain("/etc/resolv.conf"); domain != "" && s.asking {
		usual = "srv://" + domain
	}
	return s.chooseList(nil, "Directory, ldaps://HOST, ldap://HOST, or srv://DOMAIN for the servers in its SRV records", usual, "url, or --domain", func(typed []string) error {
		c := ldap.DefaultConfig()
		c.URLs, c.StartTLS = typed, s.cmd.StartTLS || slices.ContainsFunc(typed, ldap.NeedsStartTLS)
		return about("ldap.urls", c.Validate())
	})
}

// searchDomain is the domain that this host is in, by resolv.conf(5).
func searchDomain(path string) string {
	content, _ := os.ReadFile(path)
	domain := ""
	for line := range strings.Lines(string(content)) {
		if f := strings.Fields(line); len(f) > 1 && (f[0] == "search" || f[0] == "domain") && strings.Contains(f[1], ".") {
			domain = strings.TrimSuffix(f[1], ".")
		}
	}
	return domain
}

// authority finds the certificate authority that makes the server's certificate
// verify: the system's, one in a file that this host has for the purpose, or the one
// that the server shows, where somebody says that it is the right one.
func (s *start) authority(d ldap.Discovery) error {
	if s.cmd.CAFile != "" {
		s.set("ldap", "ca_file", s.cmd.CAFile)
		return nil
	}
	if len(d.Shown) == 0 {
		return nil
	}
	for _, file := range append([]string{""}, tlsclient.KnownAuthorities()...) {
		if tlsclient.Verify(d.Shown, d.Host, file) == nil {
			if file != "" {
				s.set("ldap", "ca_file", file)
			}
			s.say("certificate authority", cmp.Or(file, "the system's"))
			return nil
		}
	}
	return s.shownAuthority(d)
}

// shownAuthority is believed on somebody's word alone.
func (s *start) shownAuthority(d ldap.Discovery) error {
	top := d.Shown[len(d.Shown)-1]
	print := tlsclient.Fingerprint(top)
	about := fmt.Sprintf("%q, SHA-256 %s", top.Subject.String(), print)
	switch {
	case !tlsclient.IsAuthority(top):
		return &hintError{fmt.Errorf("no authority that this host knows has issued the certificate of %s, and it shows none: %s is its own", d.URL, about),
			"name the file with the authority's certificate: --ca-file FILE"}
	case s.cmd.CAFingerprint != "" && tlsclient.SameFingerprint(s.cmd.CAFingerprint, top):
	case s.cmd.CAFingerprint != "":
		return fmt.Errorf("the server shows %s, which is not the one of --ca-fingerprint", about)
	case s.confirm("No authority that this host knows has issued the server's certificate. It shows " + about + ".\nIs that your authority"):
	default:
		return &hintError{fmt.Errorf("no authority that this host knows has issued the certificate of %s, which shows %s", d.URL, about),
			"if that is your authority: --ca-fingerprint " + print + "; or name its certificate: --ca-file FILE"}
	}
	if err := s.free(s.beside("ca.pem")); err != nil {
		return err
	}
	s.public = map[string][]byte{"ca.pem": tlsclient.PEM(top)}
	s.set("ldap", "ca_file", "ca.pem")
	s.say("certificate authority", about)
	return nil
}

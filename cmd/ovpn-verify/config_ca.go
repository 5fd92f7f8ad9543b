package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"ovpn-verify/backends/ldap"
	"ovpn-verify/backends/tlsclient"
)

// configCA prints the certificate authority that the directory shows. Whether it is
// the right one it cannot know: it tells what to compare.
type configCA struct{}

// Run prints PEM, for a file; about it to standard error.
func (configCA) Run(path *configFlag) error {
	c, err := path.load()
	if err != nil {
		return err
	}
	if c.Login.Backend != "ldap" {
		return errors.New(`only a directory can be asked: login.backend is not "ldap"`)
	}
	ctx, cancel := context.WithTimeout(context.Background(), initTimeout)
	defer cancel()
	d, err := ldap.Discover(ctx, c.LDAP)
	if err != nil {
		return err
	}
	if len(d.Shown) == 0 {
		return fmt.Errorf("%s shows no certificate: its connection is not encrypted", d.URL)
	}
	top := d.Shown[len(d.Shown)-1]
	if !tlsclient.IsAuthority(top) {
		return fmt.Errorf("%s shows its own certificate alone, issued by %s: get that authority's certificate from the directory's administrator", d.URL, shown(fmt.Sprintf("%q", top.Issuer.String())))
	}
	fmt.Fprintf(os.Stderr, "%s shows %s, until %s\nSHA-256 %s\nhint: compare this with what the directory's administrator has; whoever sits on the way could show one of their own\n",
		d.URL, shown(fmt.Sprintf("%q", top.Subject.String())), top.NotAfter.UTC().Format("2006-01-02"), tlsclient.Fingerprint(top))
	_, err = os.Stdout.Write(tlsclient.PEM(top))
	return err
}

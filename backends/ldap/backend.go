// Package ldap checks passwords against a directory by search and bind: a
// service account finds the user's entry, then the user's password is tried
// on it.
//
// It promises that only the result success to a bind with a name and a
// password, both not empty, lets anybody in; that a check ends with its
// context, whatever the server does or leaves undone; and that a refusal
// (primary.ErrRefused) is a server's verdict on this user, while everything
// that went wrong elsewhere is not one. It refuses passwords that are empty
// or hold a NUL before any server hears of the login.
package ldap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"unicode/utf8"

	"ovpn-verify/backends/tlsclient"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
)

// maxUsername is in bytes. People's names in directories are shorter (userid
// in RFC 1274: 256 characters); OpenVPN passes up to 4096.
const maxUsername = 256

// Backend is safe for concurrent use. Connections are used again: those that search, and,
// where the server has shown that it takes a second bind, those on which users are bound.
type Backend struct {
	health       *health
	lookupSRV    func(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
	pool         *pool
	rebinding    *rebinding
	config       Config
	endpoints    []endpoint
	tls          *tlsclient.Client
	bindPassword secret.Text
	required     map[string]bool // canonical DNs
}

// New reads the files that c names; it asks no server. Its errors are those of
// Validate, or name the key of the file.
func New(c Config) (*Backend, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.Resolved()
	b := &Backend{config: c, required: map[string]bool{}, lookupSRV: lookupSRV, health: newHealth(), rebinding: newRebinding()}
	b.LimitConnections(defaultConnections)
	for _, u := range c.URLs {
		e, err := parseURL(u)
		if err != nil {
			return nil, err
		}
		b.endpoints = append(b.endpoints, e)
	}
	for _, g := range c.RequiredGroups {
		dn, err := canonicalDN(g)
		if err != nil {
			return nil, err
		}
		b.required[dn] = true
	}
	var errTLS, errPassword error
	b.tls, errTLS = tlsclient.New(c.tls())
	b.bindPassword, errPassword = readBindPassword(c)
	if err := errors.Join(errTLS, errPassword); err != nil {
		return nil, err
	}
	return b, nil
}

func readBindPassword(c Config) (secret.Text, error) {
	if c.BindDN == "" {
		return secret.Text{}, nil
	}
	password, err := secret.ReadFile(c.BindPasswordFile)
	if err != nil {
		return secret.Text{}, fmt.Errorf("ldap.bind_password_file: %w", err)
	}
	if bytes.IndexByte(password.Reveal(), 0) >= 0 {
		return secret.Text{}, fmt.Errorf("ldap.bind_password_file %q has a NUL in it", c.BindPasswordFile)
	}
	return password, nil
}

// LimitConnections is for before the first login: no more connections than so
// many, or two, are open at once. Logins wait for each other where they need more.
func (b *Backend) LimitConnections(most int) { b.pool = newPool(most, b.rebinding.stop) }

// RememberServers is for before the first login: servers that gave no answer are
// avoided by the workers to come as well.
func (b *Backend) RememberServers(m primary.ServerMemory) { b.health.avoid.Memory = m }

// CheckPassword asks the servers in their order, those that failed lately
// last, until one decides. A refusal is final, so that one wrong password counts
// once against the directory's lock-out; an outage goes on to the next server, and is returned, not as
// primary.ErrRefused, when there is none left or ctx has ended. Only a server
// that falls silent over the password itself may have counted it as well.
func (b *Backend) CheckPassword(ctx context.Context, req *primary.Request) (primary.Identity, error) {
	if err := checkRequest(req); err != nil {
		return primary.Identity{}, err
	}
	f, err := b.decide(ctx, func(ctx context.Context, e *endpoint) (*found, error) {
		return b.ask(ctx, e, req)
	})
	if err != nil {
		return primary.Identity{}, err
	}
	return f.identity, nil
}

// decide has one server after the other asked, each within its share of the
// time, until one comes to a verdict.
func (b *Backend) decide(ctx context.Context, ask func(context.Context, *endpoint) (*found, error)) (*found, error) {
	servers, failed := b.inOrder(ctx)
	for i := range servers {
		if ctx.Err() != nil {
			return nil, append(failed, context.Cause(ctx))
		}
		f, err := b.askInTime(ctx, &servers[i], len(servers)-i, ask)
		if err == nil {
			return f, nil
		}
		if errors.Is(err, primary.ErrRefused) {
			return nil, fmt.Errorf("ldap: %w", err)
		}
		failed = append(failed, err)
	}
	return nil, failed
}

// inOrder also has servers probed that it is time for.
func (b *Backend) inOrder(ctx context.Context) (servers []endpoint, failed outage) {
	all, failed := b.servers(ctx)
	b.health.recall(ctx, all)
	servers, due := b.health.order(all)
	for i := range due {
		go b.probe(&due[i])
	}
	return servers, failed
}

// askInTime has a server asked, and remembers whether it answered. So many, with it,
// are to share the time.
func (b *Backend) askInTime(ctx context.Context, e *endpoint, servers int, ask func(context.Context, *endpoint) (*found, error)) (*found, error) {
	inTime, cancel := b.withTimeout(ctx, b.share(ctx, servers))
	defer cancel()
	f, err := ask(inTime, e)
	switch {
	case err == nil || errors.Is(err, primary.ErrRefused):
		b.health.answered(e.url)
	case ctx.Err() == nil:
		b.health.failed(e.url)
	}
	return f, err
}

func checkRequest(req *primary.Request) error {
	cause := ""
	switch {
	case req.Password.Empty():
		cause = "the password is empty"
	case bytes.IndexByte(req.Password.Reveal(), 0) >= 0:
		cause = "the password has a NUL in it"
	default:
		return checkUsername(req.Username)
	}
	return fmt.Errorf("ldap: %w: %s", primary.Malformed, cause)
}

func checkUsername(name string) error {
	cause := ""
	switch {
	case name == "":
		cause = "the user name is empty"
	case len(name) > maxUsername:
		cause = fmt.Sprintf("the user name is longer than %d bytes", maxUsername)
	case !utf8.ValidString(name):
		cause = "the user name is not UTF-8"
	default:
		return nil
	}
	return fmt.Errorf("ldap: %w: %s", primary.Malformed, cause)
}

// ask has one server decide.
//
// The groups are read before the user's bind, as the service account, and
// judged after it. Read before: a failing search then costs the user no
// attempt, and never has to run as the user. Judged after: a wrong password
// reads as a wrong password in the log, and nobody learns from the answer or
// its delay who is in the groups without knowing a password. With a
// bind_template nobody but the user can read them, so they come last.
func (b *Backend) ask(ctx context.Context, e *endpoint, req *primary.Request) (*found, error) {
	f, err := b.checkUser(ctx, e, req)
	if err != nil {
		return nil, err
	}
	return f, b.checkMember(e.url, f)
}

func (b *Backend) checkUser(ctx context.Context, e *endpoint, req *primary.Request) (*found, error) {
	if b.config.BindTemplate != "" {
		return b.direct(ctx, e, req)
	}
	f, err := b.lookUp(ctx, e, req.Username)
	if err != nil {
		return nil, err
	}
	f.entry = nil // of no more use while a thousand wait
	err = b.prove(ctx, e, f, req.Password)
	if errors.Is(err, primary.ErrRefused) {
		err = &primary.AccountError{Identity: f.identity.Name, Err: err}
	}
	return f, err
}

// outage is what each server said when none decided; all of it on one line.
type outage []error

func (o outage) Error() string {
	texts := make([]string, len(o))
	for i, err := range o {
		texts[i] = err.Error()
	}
	return "ldap: " + strings.Join(texts, "; ")
}

func (o outage) Unwrap() []error { return o }

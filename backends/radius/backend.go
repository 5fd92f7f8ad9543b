// Package radius checks passwords against RADIUS servers with Access-Request
// over UDP (RFC 2865) and over TLS (RadSec, RFC 6614, and RADIUS/1.1, RFC 9765).
//
// It promises: an answer counts only when it was made by somebody who knows the
// shared secret, for exactly this request, accept and refusal alike; every
// request carries a Message-Authenticator as its first attribute and every
// answer has to carry one, unless the configuration gives that up (RFC 3579
// section 3.2, CVE-2024-3596 "BlastRADIUS"); over TLS the server has shown its
// certificate before it is sent anything, and under RADIUS/1.1 that is in place
// of secret and Message-Authenticator; no server can hold a login longer than
// (2+retries) * timeout or its share of the context's time, and an ended context
// ends it at once. What is neither accepted nor refused nor a challenge is an
// outage.
//
// The encoding of packets is layeh.com/radius'. The exchange is ours, because
// that library's client waits without end and knows no Message-Authenticator.
// Its Packet has the secret as a public field: a Packet must not be printed.
package radius

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"layeh.com/radius"

	"ovpn-verify/backends/radius/mschap"
	"ovpn-verify/backends/radius/radsec"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
)

// Backend asks the servers of one configuration. It is safe for concurrent
// use; each question over UDP has a socket of its own, and those over TLS share
// a connection to each server.
type Backend struct {
	cfg     Config
	servers []string
	secret  secret.Text // of the servers asked over UDP

	lookUp func(ctx context.Context, network, host string) ([]netip.Addr, error) // as net.Resolver has it

	links        map[string]*radsec.Server // those asked over TLS
	radsecSecret secret.Text

	constants radius.Attributes // radius.attributes
	// passwordsSpent: the servers take a password once.
	passwordsSpent bool
	health         *health
}

// New validates cfg and reads secrets and certificates. It touches no network.
func New(cfg Config) (*Backend, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	b := &Backend{cfg: cfg, servers: cfg.addresses(), health: newHealth(), lookUp: net.DefaultResolver.LookupNetIP}
	b.constants, _ = parseConstants(cfg.Attributes) // Validate has looked at them
	var err error
	if cfg.SecretFile != "" {
		if b.secret, err = secret.ReadFile(cfg.SecretFile); err != nil {
			return nil, fmt.Errorf("radius.secret_file: %w", err)
		}
	}
	if err := b.addLinks(); err != nil {
		return nil, err
	}
	return b, nil
}

// RememberServers is for before the first login: servers that gave no answer are
// asked last by the workers to come as well.
func (b *Backend) RememberServers(m primary.ServerMemory) { b.health.avoid.Memory = m }

// SpendPasswords is for before the first login: what users type holds a code, so
// that a server which may have seen a password is not sent it again.
func (b *Backend) SpendPasswords() { b.passwordsSpent = true }

// CheckPassword asks one server after the other until one decides, those last
// that gave no answer lately. nil: the
// password is right; primary.ErrRefused: it is wrong, and no further server is
// asked; *primary.ChallengeError: the server wants an answer from the user,
// which goes to AnswerChallenge; anything else: an outage, a *primary.OnceError
// where radius.push is set and a server may have received the request.
//
// A password that the protocol cannot carry faithfully is refused unasked:
// User-Password is padded with NULs, so the server would see "x" for "x\x00",
// and MS-CHAPv2 takes text alone.
func (b *Backend) CheckPassword(ctx context.Context, req *primary.Request) (primary.Identity, error) {
	if err := b.checkFields(req); err != nil {
		return primary.Identity{}, err
	}
	b.health.recall(ctx, b.servers, time.Now())
	servers, probe := b.health.order(b.servers, time.Now())
	for _, server := range probe {
		go b.probe(server)
	}
	var outages error
	for i, server := range servers {
		id, err := b.ask(ctx, server, req, pending{}, len(servers)-i)
		if err == nil || decided(err) {
			return id, err
		}
		if outages != nil {
			err = fmt.Errorf("%w; %w", outages, err)
		}
		outages = err
		if _, once := errors.AsType[*primary.OnceError](err); once || ctx.Err() != nil {
			break
		}
	}
	return primary.Identity{}, outages
}

// AnswerChallenge sends the user's answer, req.Password, to the server that
// asked, and to no other: only that one can know what its State means. state is
// what the ChallengeError carried, and req.Username must be the name that was
// challenged, or else it is refused. The answer travels as the password did,
// and with MS-CHAPv2 the server has to prove that it knows it. The results are
// those of CheckPassword; another ChallengeError is the next round.
func (b *Backend) AnswerChallenge(ctx context.Context, req *primary.Request, state []byte) (primary.Identity, error) {
	alone := *req
	alone.Code, req = secret.Text{}, &alone // an answer comes without a code
	if err := b.checkFields(req); err != nil {
		return primary.Identity{}, err
	}
	p, err := b.parsePending(state)
	if err != nil {
		return primary.Identity{}, err
	}
	if p.username != req.Username {
		return primary.Identity{}, fmt.Errorf("radius: %q answered a challenge to %q: %w", req.Username, p.username, primary.Challenge)
	}
	return b.ask(ctx, p.server, req, p, 1)
}

// decided tells a server's own verdict from an outage.
func decided(err error) bool {
	if errors.Is(err, primary.ErrRefused) {
		return true
	}
	_, challenge := errors.AsType[*primary.ChallengeError](err)
	return challenge
}

// checkFields refuses what an Access-Request cannot carry.
func (b *Backend) checkFields(req *primary.Request) error {
	sent := b.cfg.composed(req)
	var why string
	switch {
	case req.Username == "" || len(req.Username) > maxAttribute:
		why = fmt.Sprintf("the user name must be 1 to %d bytes long, not %d", maxAttribute, len(req.Username))
	case !printable(req.Username):
		why = "the user name must be text without control characters"
	case req.Password.Empty():
		why = "the password is empty"
	case b.cfg.Protocol == protocolPAP && len(sent) > maxUserPassword:
		why = fmt.Sprintf("the password is longer than %d bytes", maxUserPassword)
	case b.cfg.Protocol == protocolMSCHAP && !mschap.Carries(sent):
		why = mschap.ErrPassword.Error()
	case bytes.IndexByte(sent, 0) >= 0:
		why = "the password has a NUL in it"
	default:
		return nil
	}
	return fmt.Errorf("radius: %s: %w", why, primary.Malformed)
}

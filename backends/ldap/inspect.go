package ldap

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"ovpn-verify/backends/tlsclient"
	"ovpn-verify/verify/primary"
)

// Inspect goes the way of a login at every server, as far as it goes without a
// user: connect, encrypt, sign the service account in, look at the bases.
func (b *Backend) Inspect(ctx context.Context) []primary.Inspection {
	servers, failed := b.servers(ctx)
	var all []primary.Inspection
	for _, err := range failed {
		all = append(all, primary.Inspection{Server: strings.Join(b.config.URLs, ", "), Err: err})
	}
	for i := range servers {
		inTime, cancel := b.withTimeout(ctx, b.config.Timeout)
		all = append(all, b.inspect(inTime, &servers[i]))
		cancel()
	}
	return all
}

func (b *Backend) inspect(ctx context.Context, e *endpoint) primary.Inspection {
	i := primary.Inspection{Server: e.url}
	s, err := b.open(ctx, e)
	if err != nil {
		i.Err, i.Mend = err, b.mendConnection(e, err)
		return i
	}
	defer s.close()
	err = s.bindService(ctx)
	i.Clock = s.clock() // anonymous after a bind that failed (RFC 4511 section 4.2.1)
	if err != nil {
		i.Err, i.Mend = err, b.mendBind(err)
		return i
	}
	for _, base := range []struct{ key, dn string }{{"base_dn", b.config.BaseDN}, {"group_base_dn", b.config.GroupBaseDN}} {
		if base.dn == "" || b.config.BindTemplate != "" {
			continue
		}
		if err := s.findBase(ctx, base.key, base.dn); err != nil {
			i.Err, i.Mend = err, s.mendBase(base.key)
			return i
		}
	}
	return i
}

// findBase tells of a base below which the service account sees nothing: no login
// would find its user.
func (s *session) findBase(ctx context.Context, key, dn string) error {
	found, err := s.search(question{dn, goldap.ScopeWholeSubtree, "(objectClass=*)", 1, []string{"1.1"}})
	r, answered := errors.AsType[resultError](err)
	switch {
	case answered && r.code == goldap.LDAPResultSizeLimitExceeded:
		return nil
	case err == nil && len(found.Entries) > 0:
		return nil
	case err == nil:
		err = errors.New("the service account sees nothing there")
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	}
	return fmt.Errorf("%s: ldap.%s %q: %w", s.server, key, dn, err)
}

// rootDSE is the entry in which a server describes itself, RFC 4512 section 5.1.
func (s *session) rootDSE(attributes ...string) *goldap.Entry {
	entry, err := s.read("", attributes...)
	if err != nil || entry == nil {
		return goldap.NewEntry("", nil)
	}
	return entry
}

// clock asks for the time: Active Directory tells it, other servers mostly do not.
func (s *session) clock() primary.Clock {
	before := time.Now()
	text := s.rootDSE("currentTime").GetAttributeValue("currentTime")
	theirs, err := time.Parse("20060102150405.0Z", text)
	if err != nil {
		return primary.Clock{}
	}
	return primary.Clock{Theirs: theirs, Ours: before.Add(time.Since(before) / 2)}
}

// mendBase proposes what the server says that it holds.
func (s *session) mendBase(key string) string {
	base := held(s.rootDSE("defaultNamingContext", "namingContexts"))
	if base == "" {
		return ""
	}
	return fmt.Sprintf("ldap.%s = %s", key, strconv.Quote(base))
}

// mendConnection: before the first bind, a server answers to StartTLS alone.
func (b *Backend) mendConnection(e *endpoint, err error) string {
	if _, answered := errors.AsType[resultError](err); answered && !e.crossesNetworkInClear() {
		return "ldap.start_tls = false"
	}
	if c, ok := errors.AsType[*tlsclient.CertificateError](err); ok {
		return c.Mend()
	}
	return ""
}

func (b *Backend) mendBind(err error) string {
	r, answered := errors.AsType[resultError](err)
	switch {
	case !answered:
		return ""
	case r.code == goldap.LDAPResultConfidentialityRequired, r.code == goldap.LDAPResultStrongAuthRequired:
		return "ldap.start_tls = true"
	case r.code == goldap.LDAPResultInvalidCredentials && b.config.BindPasswordFile != "":
		return "printf '%s' 'THE PASSWORD' >" + b.config.BindPasswordFile
	}
	return ""
}

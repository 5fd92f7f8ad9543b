package fakeldap

import (
	"crypto/tls"
	"crypto/x509"
	"path/filepath"
	"sync"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func dial(t *testing.T, s *Server, options ...goldap.DialOpt) *goldap.Conn {
	t.Helper()
	c, err := goldap.DialURL(s.URL(), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func search(c *goldap.Conn, filter string, limit int) (*goldap.SearchResult, error) {
	return c.Search(goldap.NewSearchRequest(ExampleBaseDN, goldap.ScopeWholeSubtree,
		goldap.NeverDerefAliases, limit, 0, false, filter, []string{"UID"}, nil))
}

func TestSearchNeedsTheServiceAccount(t *testing.T) {
	s := start(t, Example())
	c := dial(t, s)
	if _, err := search(c, "(uid=ada)", 0); !goldap.IsErrorWithCode(err, insufficientAccessRights) {
		t.Errorf("anonymous: %v", err)
	}
	if err := c.Bind(ExampleUserDN, ExampleUserPassword); err != nil {
		t.Fatal(err)
	}
	if _, err := search(c, "(uid=ada)", 0); !goldap.IsErrorWithCode(err, insufficientAccessRights) {
		t.Errorf("as the user: %v", err)
	}
	if err := c.Bind(ExampleServiceDN, ExampleServicePassword); err != nil {
		t.Fatal(err)
	}
	r, err := search(c, "(&(uid=ADA)(!(cn=x))(|(mail=*)(cn=y)))", 0)
	if err != nil || len(r.Entries) != 1 || r.Entries[0].GetAttributeValue("uid") != "Ada" {
		t.Errorf("%v, %v", r, err)
	}
	r, err = search(c, "(uid=*)", 1)
	if !goldap.IsErrorWithCode(err, sizeLimitExceeded) || len(r.Entries) != 1 {
		t.Errorf("size limit: %v", err)
	}
	n := s.Counts()
	if n.Connections != 1 || len(n.Binds) != 2 || len(n.Searches) != 4 || n.Plaintext != 6 {
		t.Errorf("counts %+v", n)
	}
}

func TestBind(t *testing.T) {
	s := start(t, Example())
	c := dial(t, s)
	for name, b := range map[string]struct {
		dn, password string
		want         uint16
	}{
		"right":           {ExampleUserDN, ExampleUserPassword, success},
		"wrong":           {ExampleUserDN, "wrong", invalidCredentials},
		"unknown":         {"uid=x," + ExampleBaseDN, "x", invalidCredentials},
		"no password":     {ExampleGroupDN, "x", inappropriateAuthentication},
		"password, no DN": {"", "x", unwillingToPerform},
	} {
		err := c.Bind(b.dn, b.password)
		if ok := err == nil; ok != (b.want == success) || !ok && !goldap.IsErrorWithCode(err, b.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := c.UnauthenticatedBind(ExampleUserDN); !goldap.IsErrorWithCode(err, unwillingToPerform) {
		t.Errorf("unauthenticated: %v", err)
	}
}

func TestUnauthenticatedBindOnDemand(t *testing.T) {
	o := Example()
	o.Unauthenticated = true
	c := dial(t, start(t, o))
	if err := c.UnauthenticatedBind(ExampleUserDN); err != nil {
		t.Error(err)
	}
}

func TestTLS(t *testing.T) {
	o := Example()
	var pem []byte
	var err error
	if o.TLS, pem, err = NewCertificate(); err != nil {
		t.Fatal(err)
	}
	trust := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "127.0.0.1"}
	trust.RootCAs.AppendCertsFromPEM(pem)
	c := dial(t, start(t, o))
	if err := c.StartTLS(trust); err != nil {
		t.Fatal(err)
	}
	if err := c.Bind(ExampleUserDN, ExampleUserPassword); err != nil {
		t.Error(err)
	}
	o.LDAPS = true
	s := start(t, o)
	c = dial(t, s, goldap.DialWithTLSConfig(trust))
	if err := c.Bind(ExampleUserDN, ExampleUserPassword); err != nil {
		t.Error(err)
	}
	if n := s.Counts(); n.Plaintext != 0 || n.StartTLS != 0 {
		t.Errorf("counts %+v", n)
	}
}

func TestUnixSocketDelayAndMostAtOnce(t *testing.T) {
	o := Example()
	o.Listen = filepath.Join(t.TempDir(), "ldapi")
	o.Faults = map[Step]Fault{UserBind: {Delay: 100 * time.Millisecond}}
	s := start(t, o)
	began := time.Now()
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			c, err := goldap.DialURL(s.URL())
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			if err := c.Bind(ExampleUserDN, ExampleUserPassword); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("took %v", took)
	}
	if n := s.Counts(); n.MaxConnections != 3 {
		t.Errorf("counts %+v", n)
	}
}

func TestCloseEndsEveryMisbehaviour(t *testing.T) {
	for _, m := range []Manner{Silent, HalfSilent, Drip, Flood} {
		o := Example()
		o.Faults = map[Step]Fault{UserBind: {Manner: m}}
		s := start(t, o)
		c := dial(t, s)
		c.SetTimeout(50 * time.Millisecond)
		if err := c.Bind(ExampleUserDN, ExampleUserPassword); err == nil {
			t.Errorf("%s: the bind went well", m)
		}
		s.Misbehave(UserBind, Fault{})
	}
}

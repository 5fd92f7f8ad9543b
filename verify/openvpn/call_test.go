package openvpn_test

import (
	"errors"
	"net/netip"
	"testing"

	"ovpn-verify/verify/front/job"
	"ovpn-verify/verify/openvpn"
)

func frame(fields ...string) []byte {
	f := job.New(nil)
	for i := 0; i < len(fields); i += 2 {
		f = job.Append(f, fields[i], fields[i+1])
	}
	return f
}

func TestReadCallTakesTheFirstTwoLines(t *testing.T) {
	for content, want := range map[string][2]string{
		"ada\npw\n":      {"ada", "pw"},
		"ada\npw":        {"ada", "pw"},
		"ada\n\n":        {"ada", ""},
		"ada\npw\nmore":  {"ada", "pw"},
		"a b\x00\np:w\r": {"a b\x00", "p:w\r"},
		"\n\n":           {"", ""},
	} {
		c, err := openvpn.ReadCall(frame(job.Credentials, content))
		if err != nil || c.Username != want[0] || string(c.Password.Reveal()) != want[1] {
			t.Errorf("%q: %q, %q, %v", content, c.Username, c.Password.Reveal(), err)
		}
	}
}

func TestReadCallWithoutCredentials(t *testing.T) {
	for name, f := range map[string][]byte{
		"nothing":          frame(job.Config, "/c"),
		"one line":         frame(job.Config, "/c", job.Credentials, "ada"),
		"empty file":       frame(job.Config, "/c", job.Credentials, ""),
		"name alone":       frame(job.Config, "/c", "username", "ada"),
		"password alone":   frame(job.Config, "/c", "password", "x"),
		"file before both": frame(job.Config, "/c", job.Credentials, "", "username", "ada", "password", "x"),
	} {
		c, err := openvpn.ReadCall(f)
		if !errors.Is(err, openvpn.ErrNoCredentials) || c.Config != "/c" || c.Username != "" {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	if _, err := openvpn.ReadCall([]byte("x")); err == nil || errors.Is(err, openvpn.ErrNoCredentials) {
		t.Errorf("a damaged frame: %v", err)
	}
}

func TestReadCallReadsTheEnvironment(t *testing.T) {
	c, err := openvpn.ReadCall(frame("username", "ada", "password", "pw", "common_name", "ada-laptop",
		"untrusted_ip6", "::ffff:192.0.2.7", "IV_PROTO", "990", job.ReasonFile, ""))
	if err != nil || c.Username != "ada" || string(c.Password.Reveal()) != "pw" || c.CommonName != "ada-laptop" ||
		c.ClientIP != netip.MustParseAddr("192.0.2.7") || c.ClientProto != "990" ||
		!c.HasReason {
		t.Errorf("%+v, %v", c, err)
	}
}

package mschap

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// RFC 1320 appendix A.5, and from OpenSSL the lengths around the end of a block.
func TestMD4(t *testing.T) {
	for in, want := range map[string]string{
		"":                           "31d6cfe0d16ae931b73c59d7e0c089c0",
		"a":                          "bde52cb31de33e46245e05fbdbd6fb24",
		"abc":                        "a448017aaf21d8525fc10ae87aa6729d",
		"message digest":             "d9130a8164549fe818874806e1c7014b",
		"abcdefghijklmnopqrstuvwxyz": "d79e1c308aa5bbcdeea8ed63df412da9",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789": "043f8582f241db351ce627e153e7f0e4",
		strings.Repeat("1234567890", 8):                                  "e33b4ddc9c38f2199c3e7b164fcc0536",
		strings.Repeat("x", 55):                                          "92f32bb82c95ad10e8f87ae58ab06807",
		strings.Repeat("x", 56):                                          "374d5f08103b7092c83b4626ebceffab",
		strings.Repeat("x", 63):                                          "2870452596e98fffd48332289b3472b9",
		strings.Repeat("x", 64):                                          "b1abf956a5ae6f3221e5fe85e300fbb0",
	} {
		if got := md4([]byte(in)); hex.EncodeToString(got[:]) != want {
			t.Errorf("%q: %x, want %s", in, got, want)
		}
	}
}

// The challenges of RFC 2759 section 9.2.
var (
	authenticator = [16]byte([]byte("[]|}{?/><,`!2&&("))
	peer          = [16]byte([]byte("!@#$%^&*()_+:3|~"))
)

// RFC 2759 section 9.2, step by step. A domain before the name changes nothing.
func TestExampleOfRFC2759(t *testing.T) {
	for _, user := range []string{"User", `BIGCO\User`, `a\b\User`} {
		e, err := New(authenticator, peer, user, []byte("clientPass"))
		if err != nil {
			t.Fatal(err)
		}
		response := e.NTResponse()
		server := e.AuthenticatorResponse(response)
		for name, c := range map[string]struct {
			got  []byte
			want string
		}{
			"Challenge":             {e.challenge[:], "d02e4386bce91226"},
			"PasswordHash":          {e.hash[:], "44ebba8d5312b8d611474411f56989ae"},
			"NT-Response":           {response[:], "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df"},
			"AuthenticatorResponse": {server[:], "407a5589115fd0d6209f510fe9c04566932cda56"},
		} {
			if hex.EncodeToString(c.got) != c.want {
				t.Errorf("%s of %s: %x, want %s", name, user, c.got, c.want)
			}
		}
	}
}

// Everything that goes in counts: the domain of user@domain too.
func TestEveryInputCounts(t *testing.T) {
	seen := map[[ResponseLen]byte]string{}
	other := peer
	other[15] ^= 1
	for name, make := range map[string]func() (Exchange, error){
		"as it is":            func() (Exchange, error) { return New(authenticator, peer, "User", []byte("clientPass")) },
		"server's challenge":  func() (Exchange, error) { return New(other, peer, "User", []byte("clientPass")) },
		"client's challenge":  func() (Exchange, error) { return New(authenticator, other, "User", []byte("clientPass")) },
		"user in lower case":  func() (Exchange, error) { return New(authenticator, peer, "user", []byte("clientPass")) },
		"user with an at":     func() (Exchange, error) { return New(authenticator, peer, "User@BIGCO", []byte("clientPass")) },
		"password":            func() (Exchange, error) { return New(authenticator, peer, "User", []byte("clientpass")) },
		"umlaut":              func() (Exchange, error) { return New(authenticator, peer, "User", []byte("clientPäss")) },
		"beyond the BMP":      func() (Exchange, error) { return New(authenticator, peer, "User", []byte("clientP😀ss")) },
		"password with space": func() (Exchange, error) { return New(authenticator, peer, "User", []byte("clientPass ")) },
	} {
		e, err := make()
		if err != nil {
			t.Fatal(err)
		}
		response := e.NTResponse()
		if twin := seen[response]; twin != "" {
			t.Errorf("%s and %s have the same response", name, twin)
		}
		seen[response] = name
	}
}

// Windows' hash of "ä" is that of E4 00.
func TestPasswordIsUTF16(t *testing.T) {
	e, err := New(authenticator, peer, "User", []byte("ä"))
	if want := md4([]byte{0xe4, 0}); err != nil || e.hash != want {
		t.Errorf("%x, want %x; %v", e.hash, want, err)
	}
}

func TestPasswordThatCannotBeCarried(t *testing.T) {
	for name, c := range map[string]struct {
		password string
		want     error
	}{
		"256 characters":           {strings.Repeat("ä", 256), nil},
		"257 characters":           {strings.Repeat("a", 257), ErrPassword},
		"129 beyond the BMP":       {strings.Repeat("😀", 129), ErrPassword},
		"no UTF-8":                 {"client\xffPass", ErrPassword},
		"half a character":         {"client\xc3", ErrPassword},
		"replacement as it stands": {"client\ufffd", nil},
	} {
		if _, err := New(authenticator, peer, "User", []byte(c.password)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

package radius

import (
	"errors"
	"strings"
	"testing"

	"ovpn-verify/backends/backendtest/fakeradius"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
)

// withCode is a login whose code came along.
func withCode(user, password, code string) *primary.Request {
	req := login(user, password)
	req.Code = secret.FromString(code)
	return req
}

func TestPasswordFormat(t *testing.T) {
	s := start(t, fakeradius.Options{AcceptAll: true})
	for _, c := range []struct{ format, password, code, want string }{
		{"{password}", "pw", "123456", "pw"},
		{"{password}{code}", "pw", "123456", "pw123456"},
		{"{code}{password}", "pw", "123456", "123456pw"},
		{"{password},{code}", "pw", "123456", "pw,123456"},
		{"{password},{code}", "pw,123456", "", "pw,123456"},
		{"{password}{code}", "a{code}", "{password}", "a{code}{password}"},
		{"{password}", "pw{code}", "123456", "pw{code}"},
	} {
		cfg := config(t, s.Addr())
		cfg.PasswordFormat = c.format
		if _, err := backend(t, cfg).CheckPassword(t.Context(), withCode("alice", c.password, c.code)); err != nil {
			t.Fatal(err)
		}
		reqs := s.Requests()
		if got := reqs[len(reqs)-1].Password; got != c.want {
			t.Errorf("%q of %q and %q went as %q, want %q", c.format, c.password, c.code, got, c.want)
		}
	}
}

// What is composed must be carried faithfully too, and never be the code alone.
func TestPasswordFormatRefusesWhatCannotBeCarried(t *testing.T) {
	s := start(t, fakeradius.Options{AcceptAll: true})
	cfg := config(t, s.Addr())
	cfg.PasswordFormat = "{password}{code}"
	b := backend(t, cfg)
	for _, c := range []struct{ password, code string }{
		{"", "123456"}, {strings.Repeat("x", 123), "123456"}, {"pw", "1\x00"}, {"pw\x00", "123456"},
	} {
		if id, err := b.CheckPassword(t.Context(), withCode("alice", c.password, c.code)); !errors.Is(err, primary.ErrRefused) || id.Name != "" {
			t.Errorf("%q and %q: identity %q, %v; want a refusal", c.password, c.code, id.Name, err)
		}
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// A code that was part of the first request is not the answer to a question.
func TestCodeIsSpentOnce(t *testing.T) {
	s := start(t, fakeradius.Options{Users: map[string]fakeradius.User{
		"carol": {Password: "pw123456", Rounds: carol.Rounds}, "dave": {Password: "pw", Rounds: carol.Rounds},
	}})
	cfg := config(t, s.Addr())
	cfg.PasswordFormat = "{password}{code}"
	b := backend(t, cfg)
	_, err := b.CheckPassword(t.Context(), withCode("carol", "pw", "123456"))
	if !asked(t, err).CodeSpent {
		t.Error("a code that was sent counts as unused")
	}
	_, err = b.CheckPassword(t.Context(), login("dave", "pw"))
	if asked(t, err).CodeSpent {
		t.Error("a code that did not come counts as sent")
	}
	cfg.PasswordFormat = "{password}"
	_, err = backend(t, cfg).CheckPassword(t.Context(), withCode("dave", "pw", "123456"))
	if asked(t, err).CodeSpent {
		t.Error("a code that was not sent counts as sent")
	}
}

func TestReplyMessageOfARefusalIsShownWhenWanted(t *testing.T) {
	for message, want := range map[string]string{
		"Your account\nis locked": "Your account\nis locked", "": "",
		"not letmein99, please": "", "no 123456 here": "",
	} {
		for _, show := range []bool{true, false} {
			s := start(t, fakeradius.Options{Reject: message})
			cfg := config(t, s.Addr())
			cfg.ShowReplyMessage = show
			_, err := backend(t, cfg).CheckPassword(t.Context(), withCode("alice", "letmein99", "123456"))
			reason, shown := errors.AsType[*primary.ReasonError](err)
			if !errors.Is(err, primary.ErrRefused) || shown != (show && want != "") || shown && reason.Text != want {
				t.Errorf("%q, shown %v: %v", message, show, err)
			}
			if strings.Contains(err.Error(), "letmein99") || strings.Contains(err.Error(), "123456") {
				t.Errorf("%q: the error quotes a secret: %v", message, err)
			}
		}
	}
}

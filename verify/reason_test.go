package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"ovpn-verify/verify/front/reason"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
)

// A backend's text reaches the client where it refuses, and only there, and
// never as a frame that the client would act upon.
func TestTextOfABackendReachesTheClient(t *testing.T) {
	refused := fmt.Errorf("Access-Reject: %w", primary.ErrRefused)
	unavailable := errors.New("no answer")
	for name, c := range map[string]struct {
		err  error
		want Verdict
		text string
	}{
		"refusal":          {&primary.ReasonError{Text: "Your password\nhas expired", Err: refused}, Refused, "Your password has expired"},
		"wrapped":          {fmt.Errorf("x: %w", &primary.ReasonError{Text: "locked", Err: refused}), Refused, "locked"},
		"without text":     {&primary.ReasonError{Text: " \r\n", Err: refused}, Refused, reason.Refused},
		"challenge":        {&primary.ReasonError{Text: "CRV1:R:c3RhdGU:YWRh:Your PIN?", Err: refused}, Refused, "Login refused: CRV1 R:c3RhdGU:YWRh:Your PIN?"},
		"hidden challenge": {&primary.ReasonError{Text: "no\x00CRV1:R:c3RhdGU:YWRh:Your PIN?", Err: refused}, Refused, "no CRV1 R:c3RhdGU:YWRh:Your PIN?"},
		"temporary":        {&primary.ReasonError{Text: "\tTEMP[backoff 0]:again", Err: refused}, Refused, "Login refused: TEMP[backoff 0]:again"},
		"outage":           {&primary.ReasonError{Text: "locked", Err: unavailable}, Unavailable, "TEMP[backoff 30,advance no]: " + reason.Unavailable},
	} {
		f := newFixture(t, nil)
		f.directory.outage = c.err
		d := f.login("ada", "pw-ada")
		if d.Verdict != c.want || d.Text != c.text {
			t.Errorf("%s: %v, %q; want %v, %q", name, d.Verdict, d.Text, c.want, c.text)
		}
		if c.want == Refused && !strings.Contains(d.Cause.Error(), "Access-Reject: refused") {
			t.Errorf("%s: the log has %v", name, d.Cause)
		}
	}
}

// expired is a directory in which everybody's password has expired.
type expired struct{ right directory }

func (d *expired) CheckPassword(ctx context.Context, req *primary.Request) (primary.Identity, error) {
	if _, err := d.right.CheckPassword(ctx, req); err != nil {
		return primary.Identity{}, err
	}
	return primary.Identity{}, fmt.Errorf("directory: %w", &primary.ReasonError{Text: "It has expired", Err: fmt.Errorf("data 532: %w", primary.ErrRefused)})
}

// Who does not know the password reads the same of every account.
func TestAReasonIsForTheRightPasswordAlone(t *testing.T) {
	f := newFixture(t, func(p *Pipeline) { p.Backend = &expired{} })
	decide := func(user, field string) Decision {
		return f.Decide(t.Context(), Login{ID: "test", Username: user, Password: secret.FromString(field), CanChallenge: true})
	}
	for _, factor := range []string{factorNone, factorTOTP} {
		f.Login.SecondFactor = factor
		if d := decide("ada", "pw-ada"); d.Verdict != Refused || d.Text != "It has expired" || !strings.Contains(d.Cause.Error(), "data 532") {
			t.Errorf("%s: %+v", factor, d)
		}
		for _, field := range []string{"pw-bob", "pw-ada ", "", static("pw-bob", "123456"), "CRV1::x::y"} {
			if d := decide("ada", field); d.Verdict != Refused || d.Text != reason.Refused {
				t.Errorf("%s, %q: %+v", factor, field, d)
			}
		}
	}
}

package verify

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/front/reason"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
)

// directory is a backend whose users have the password "pw-NAME" and a spelling
// in lower case without a domain: NAME, Name and name@example.org are one user.
// What asks is a script of one answer for each question.
type directory struct {
	asks   map[string][]string // user: the right answers, in order
	outage error

	mu    sync.Mutex
	calls int

	onAnswer func()
}

func canonical(typed string) string {
	return strings.TrimSuffix(strings.ToLower(typed), "@example.org")
}

func (d *directory) CheckPassword(_ context.Context, req *primary.Request) (primary.Identity, error) {
	d.mu.Lock()
	d.calls++
	d.mu.Unlock()
	name := canonical(req.Username)
	switch {
	case d.outage != nil:
		return primary.Identity{}, d.outage
	case string(req.Password.Reveal()) != "pw-"+name:
		return primary.Identity{}, &primary.AccountError{Identity: name, Err: fmt.Errorf("wrong password: %w", primary.ErrRefused)}
	case name == "nameless":
		return primary.Identity{}, nil
	case len(d.asks[name]) > 0:
		return primary.Identity{}, &primary.ChallengeError{Prompt: "Question 1", Echo: true, State: []byte("1")}
	}
	return primary.Identity{Name: name}, nil
}

func (d *directory) AnswerChallenge(_ context.Context, req *primary.Request, pending []byte) (primary.Identity, error) {
	name, round := canonical(req.Username), int(pending[0]-'0')
	if d.onAnswer != nil {
		d.onAnswer()
	}
	switch answers := d.asks[name]; {
	case d.outage != nil:
		return primary.Identity{}, d.outage
	case string(req.Password.Reveal()) != answers[round-1]:
		return primary.Identity{}, fmt.Errorf("wrong answer: %w", primary.ErrRefused)
	case round < len(answers):
		return primary.Identity{}, &primary.ChallengeError{Prompt: fmt.Sprint("Question ", round+1), State: []byte{byte('1' + round)}}
	}
	return primary.Identity{Name: name}, nil
}

type fixture struct {
	*Pipeline
	t         *testing.T
	dir       string
	now       time.Time
	directory *directory
	store     *state.Store
	seeds     map[string]secret.Text
}

// newFixture enrols ada and bob.
func newFixture(t *testing.T, change func(*Pipeline)) *fixture {
	t.Helper()
	dir := t.TempDir()
	f := &fixture{
		t: t, dir: dir, now: time.Unix(1_800_000_000, 0), directory: &directory{},
		store: state.Open(filepath.Join(dir, "state.db"), filepath.Join(dir, "state.key")), seeds: map[string]secret.Text{},
	}
	t.Cleanup(f.store.Close)
	p := Pipeline{
		Login: DefaultLoginConfig(), TOTP: DefaultTOTPConfig(), Session: DefaultSessionConfig(), Backend: f.directory,
		Store: f.store, Now: func() time.Time { return f.now },
	}
	p.Login.SecondFactor = "totp"
	if change != nil {
		change(&p)
	}
	f.Pipeline = New(p, 4)
	for _, name := range []string{"ada", "bob"} {
		f.seeds[name] = challenge.NewSeed()
		if err := f.store.PutEnrolment(t.Context(), state.Enrolment{Identity: name, Seed: f.seeds[name], Created: f.now}); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// code is the user's code, so many time steps from now.
func (f *fixture) code(user string, steps int) string {
	f.t.Helper()
	key := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(f.seeds[user].Reveal())
	counter := uint64(f.now.Unix()/30) + uint64(steps)
	code, err := hotp.GenerateCodeCustom(key, counter, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		f.t.Fatal(err)
	}
	return code
}

func (f *fixture) login(user, field string) Decision {
	return f.Decide(f.t.Context(), Login{ID: "test", Username: user, Password: secret.FromString(field), CommonName: user + "-cn", CanChallenge: true, ClientProto: "990"})
}

func (f *fixture) want(v Verdict, cause string, d Decision) Decision {
	f.t.Helper()
	if d.Verdict != v || cause != "" && (d.Cause == nil || !strings.Contains(d.Cause.Error(), cause)) {
		f.t.Errorf("%v (%v), want %v (%s)", d.Verdict, d.Cause, v, cause)
	}
	if d.Verdict == Refused && d.Text != reason.Refused {
		f.t.Errorf("a refusal tells the client %q", d.Text)
	}
	if d.Verdict == Accepted && d.Text != "" || d.Verdict != Accepted && d.Text == "" {
		f.t.Errorf("%v with the text %q", d.Verdict, d.Text)
	}
	if letOn := d.Verdict == Accepted || d.Verdict == Challenged; letOn != (d.Reason == "") || !letOn && !slices.Contains(Reasons(), d.Reason) {
		f.t.Errorf("%v for the reason %q", d.Verdict, d.Reason)
	}
	return d
}

func static(password, response string) string {
	encode := base64.StdEncoding.EncodeToString
	return "SCRV1:" + encode([]byte(password)) + ":" + encode([]byte(response))
}

func dynamic(d Decision, response string) string {
	return "CRV1::" + d.Question.State + "::" + response
}

func TestStaticChallenge(t *testing.T) {
	f := newFixture(t, nil)
	f.want(Refused, "wrong password", f.login("ada", static("pw-bob", f.code("ada", 0))))
	f.want(Refused, "wrong code", f.login("ada", static("pw-ada", f.code("bob", 0))))
	d := f.want(Accepted, "", f.login("ada", static("pw-ada", f.code("ada", 0))))
	if d.Identity != "ada" || d.Factor != "totp" || d.Field != "static" {
		t.Errorf("%+v", d)
	}
	f.want(Refused, "used before", f.login("ada", static("pw-ada", f.code("ada", 0))))
	f.want(Refused, "used before", f.login("ADA", static("pw-ada", f.code("ada", -1))))
	f.want(Accepted, "", f.login("ADA", static("pw-ada", f.code("ada", 1))))
	f.want(Challenged, "", f.login("ada", static("pw-ada", "")))
}

func TestDynamicChallenge(t *testing.T) {
	f := newFixture(t, nil)
	ask := func() Decision { return f.want(Challenged, "", f.login("ada", "pw-ada")) }
	f.want(Refused, "wrong password", f.login("ada", "pw-bob"))
	d := ask()
	if d.Text != "CRV1:R:"+d.Question.State+":YWRh:Enter the code from your authenticator app" {
		t.Errorf("asked with %q", d.Text)
	}
	f.want(Refused, "wrong code", f.login("ada", dynamic(d, "000000")))
	f.want(Refused, "answered before", f.login("ada", dynamic(d, f.code("ada", 0))))
	f.want(Refused, "is empty", f.login("ada", dynamic(ask(), "")))
	f.want(Refused, "belongs to", f.login("bob", dynamic(ask(), f.code("bob", 0))))
	f.want(Refused, "belongs to", f.login("ADA", dynamic(ask(), f.code("ada", 0))))
	d = ask()
	f.want(Accepted, "", f.login("ada", dynamic(d, f.code("ada", 0))))
	f.want(Refused, "answered before", f.login("ada", dynamic(d, f.code("ada", 1))))
	f.want(Refused, "used before", f.login("ada", dynamic(ask(), f.code("ada", 0))))
	f.want(Refused, "used before", f.login("ada", static("pw-ada", f.code("ada", 0))))
	d = ask()
	f.now = f.now.Add(f.Login.ChallengeTTL)
	f.want(Refused, "challenge_ttl", f.login("ada", dynamic(d, f.code("ada", 0))))
	f.want(Refused, "answered before", f.login("ada", "CRV1::"+challenge.NewState()+"::"+f.code("ada", 0)))
}

// All that is remembered is remembered by the directory's spelling.
func TestAnotherSpellingIsTheSameUser(t *testing.T) {
	const alias = "Ada@example.org"
	f := newFixture(t, nil)
	if err := f.store.PutRecoveryCodes(t.Context(), "ada", []secret.Text{secret.FromString("abcd-efgh-ijkl-mnop")}); err != nil {
		t.Fatal(err)
	}
	d := f.want(Challenged, "", f.login(alias, "pw-ada"))
	f.want(Accepted, "", f.login(alias, dynamic(d, f.code("ada", -1))))
	f.want(Refused, "used before", f.login("ada", static("pw-ada", f.code("ada", -1))))
	f.want(Accepted, "", f.login("ada", static("pw-ada", f.code("ada", 0))))
	f.want(Refused, "used before", f.login(alias, static("pw-ada", f.code("ada", 0))))
	f.want(Accepted, "", f.login(alias, static("pw-ada", "abcd-efgh-ijkl-mnop")))
	f.want(Refused, "used before", f.login("ada", static("pw-ada", "abcd-efgh-ijkl-mnop")))
}

func TestChallengeIsBoundToTheName(t *testing.T) {
	f := newFixture(t, nil)
	d := f.login("ada", "pw-ada")
	answer := Login{Username: "bob", Password: secret.FromString(dynamic(d, f.code("ada", 0))), CommonName: "ada-cn", CanChallenge: true}
	f.want(Refused, "belongs to", f.Decide(t.Context(), answer))
}

func TestChallengeIsBoundToTheCertificate(t *testing.T) {
	f := newFixture(t, nil)
	d := f.login("ada", "pw-ada")
	answer := Login{Username: "ada", Password: secret.FromString(dynamic(d, f.code("ada", 0))), CommonName: "other", CanChallenge: true}
	f.want(Refused, "belongs to", f.Decide(t.Context(), answer))
}

func TestEnrolmentRemovedAfterTheQuestionRefuses(t *testing.T) {
	f := newFixture(t, func(p *Pipeline) { p.TOTP.Unenrolled = "allow" })
	d := f.want(Challenged, "", f.login("ada", "pw-ada"))
	if err := f.store.RemoveEnrolment(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	f.want(Refused, "any more", f.login("ada", dynamic(d, "123456")))
	f.want(Accepted, "", f.login("ada", "pw-ada"))
}

func TestUnenrolled(t *testing.T) {
	f := newFixture(t, nil)
	f.want(Refused, "not enrolled", f.login("carol", "pw-carol"))
	f.want(Refused, "not enrolled", f.login("carol", static("pw-carol", "123456")))
	f = newFixture(t, func(p *Pipeline) { p.TOTP.Unenrolled = "allow" })
	if d := f.want(Accepted, "", f.login("carol", "pw-carol")); d.Factor != "none" {
		t.Errorf("factor %q", d.Factor)
	}
	f.want(Refused, "wrong password", f.login("carol", "pw-ada"))
	f.store.Close() // what cannot be looked up is not "not enrolled"
	f.want(Unavailable, "state", f.login("carol", "pw-carol"))
}

func TestMissingStateIsNotEmpty(t *testing.T) {
	f := newFixture(t, func(p *Pipeline) { p.TOTP.Unenrolled = "allow" })
	f.Store = state.OpenExisting(filepath.Join(t.TempDir(), "state.db"), filepath.Join(t.TempDir(), "state.key"))
	f.want(Unavailable, "no database", f.login("ada", "pw-ada"))
}

func TestBackendThatNamesNobody(t *testing.T) {
	f := newFixture(t, func(p *Pipeline) { p.Login.SecondFactor = "none" })
	f.want(Unavailable, "without a name", f.login("nameless", "pw-nameless"))
}

func TestAppendedCode(t *testing.T) {
	f := newFixture(t, func(p *Pipeline) { p.TOTP.Appended = true })
	f.want(Refused, "wrong password", f.login("ada", "pw-ada000000"))
	f.want(Refused, "wrong password", f.login("ada", "pw-bob"+f.code("ada", 0)))
	f.want(Challenged, "", f.login("ada", "pw-ada"))
	f.want(Accepted, "", f.login("ada", "pw-ada"+f.code("ada", 0)))
	f.want(Refused, "used before", f.login("ada", "pw-ada"+f.code("ada", 0)))
	if before := f.directory.calls; f.login("ada", "pw-ada000000").Verdict != Refused || f.directory.calls != before+1 {
		t.Error("a wrong code appended costs more than one try at the directory")
	}
	// An unenrolled user, and an enrolled one by another spelling.
	f.Pipeline.TOTP.Unenrolled = "allow"
	f.want(Accepted, "", f.login("hunter123456", "pw-hunter123456"))
	f.want(Accepted, "", f.login("Ada@example.org", "pw-ada"+f.code("ada", 1)))
	f.want(Refused, "used before", f.login("Ada@example.org", "pw-ada"+f.code("ada", 1)))
	f.store.Close()
	f.want(Unavailable, "state", f.login("ada", "pw-ada000000"))
	off := newFixture(t, nil)
	off.want(Refused, "wrong password", off.login("ada", "pw-ada"+off.code("ada", 0)))
}

func TestRecoveryCodeIsGoodOnce(t *testing.T) {
	f := newFixture(t, nil)
	code := "abcd-efgh-ijkl-mnop"
	if err := f.store.PutRecoveryCodes(t.Context(), "ada", []secret.Text{secret.FromString(code)}); err != nil {
		t.Fatal(err)
	}
	f.want(Refused, "wrong code", f.login("bob", static("pw-bob", code)))
	if d := f.want(Accepted, "", f.login("ada", static("pw-ada", code))); d.Factor != "recovery" {
		t.Errorf("factor %q", d.Factor)
	}
	f.want(Refused, "used before", f.login("ada", static("pw-ada", code)))
}

func TestFieldsThatAreNeverSentToADirectory(t *testing.T) {
	f := newFixture(t, func(p *Pipeline) { p.Login.SecondFactor = "none" })
	for field, cause := range map[string]string{
		"": "password is empty", "SESS_ID_AT_abcdef": "auth-token", "SCRV1:pw-ada": "broken",
		"SCRV1:cHctYWRh:%%%": "broken", "CRV1::x": "broken", "CRV1:pw-ada": "broken", "pw-ada\x00": "broken",
	} {
		f.want(Refused, cause, f.login("ada", field))
	}
	for user, cause := range map[string]string{
		"": "empty", "a\nb": "control", "a\x7f": "control", "\xff": "UTF-8", strings.Repeat("a", 257): "257 bytes",
	} {
		f.want(Refused, cause, f.login(user, "pw-"+user))
	}
	if f.directory.calls != 0 {
		t.Errorf("the directory was asked %d times", f.directory.calls)
	}
}

func TestMatchCommonName(t *testing.T) {
	for how, want := range map[string][3]Verdict{
		"off": {Accepted, Accepted, Accepted}, "exact": {Accepted, Refused, Refused}, "fold": {Accepted, Accepted, Refused},
	} {
		f := newFixture(t, func(p *Pipeline) { p.Login.SecondFactor, p.Login.MatchCommonName = "none", how })
		for i, cn := range []string{"ada", "Ada", ""} {
			d := f.Decide(t.Context(), Login{Username: "ada", Password: secret.FromString("pw-ada"), CommonName: cn})
			if d.Verdict != want[i] {
				t.Errorf("%s, certificate %q: %v (%v)", how, cn, d.Verdict, d.Cause)
			}
		}
	}
}

func TestOutageIsNeverAWrongPassword(t *testing.T) {
	f := newFixture(t, nil)
	f.directory.outage = errors.New("every server is down")
	d := f.want(Unavailable, "every server is down", f.login("ada", "pw-ada"))
	if d.Text != "TEMP[backoff 30,advance no]: "+reason.Unavailable {
		t.Errorf("the client is told %q", d.Text)
	}
	broken := newFixture(t, nil)
	broken.store.Close()
	broken.want(Unavailable, "state", broken.login("ada", static("pw-ada", broken.code("ada", 0))))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.directory.outage = nil
	for range f.turns.Most() {
		if _, _, err := f.turns.Take(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	f.want(Unavailable, "waiting", f.Decide(ctx, Login{Username: "ada", Password: secret.FromString("pw-ada")}))
}

func TestQuestionsOfABackend(t *testing.T) {
	f := newFixture(t, func(p *Pipeline) { p.Login.SecondFactor = "none" })
	f.directory.asks = map[string][]string{"ada": {"one", "two"}}
	first := f.want(Challenged, "", f.login("ada", "pw-ada"))
	if first.Question.Prompt != "Question 1" || !first.Question.Echo {
		t.Errorf("%+v", first.Question)
	}
	f.want(Refused, "wrong answer", f.login("ada", dynamic(first, "two")))
	f.want(Refused, "answered before", f.login("ada", dynamic(first, "one")))
	second := f.want(Challenged, "", f.login("ada", dynamic(f.login("ada", "pw-ada"), "one")))
	if second.Question.Prompt != "Question 2" || second.Question.Echo {
		t.Errorf("%+v", second.Question)
	}
	f.want(Refused, "belongs to", f.login("bob", dynamic(second, "two")))
	second = f.login("ada", static("pw-ada", "one")) // the code that came along answers the first question
	f.directory.outage = errors.New("down")
	f.want(Unavailable, "down", f.login("ada", dynamic(second, "two")))
	f.directory.outage = nil
	f.want(Accepted, "", f.login("ada", dynamic(second, "two"))) // the client repeats its answer
	f.want(Refused, "answered before", f.login("ada", dynamic(second, "two")))
}

// The deadline has often ended when a server was away; the challenge is kept all the same.
func TestChallengeIsKeptAfterTheDeadline(t *testing.T) {
	f := newFixture(t, func(p *Pipeline) { p.Login.SecondFactor = "none" })
	f.directory.asks = map[string][]string{"ada": {"one"}}
	q := f.login("ada", "pw-ada")
	ctx, cancel := context.WithCancel(t.Context())
	f.directory.outage, f.directory.onAnswer = errors.New("down"), cancel
	l := Login{Username: "ada", Password: secret.FromString(dynamic(q, "one")), CommonName: "ada-cn", CanChallenge: true}
	f.want(Unavailable, "down", f.Decide(ctx, l))
	f.directory.outage, f.directory.onAnswer = nil, nil
	f.want(Accepted, "", f.login("ada", dynamic(q, "one")))
}

func TestBackendThatAsksWithoutEnd(t *testing.T) {
	f := newFixture(t, func(p *Pipeline) { p.Login.SecondFactor = "none" })
	f.directory.asks = map[string][]string{"ada": strings.Split(strings.Repeat("x", 20), "")}
	d := f.login("ada", "pw-ada")
	rounds := 1
	for ; d.Verdict == Challenged; rounds++ {
		d = f.login("ada", dynamic(d, "x"))
	}
	f.want(Refused, "more than 10 times", d)
	if rounds != maxRounds+1 {
		t.Errorf("%d rounds", rounds)
	}
}

func TestQuestionOfABackendBeforeTOTP(t *testing.T) {
	f := newFixture(t, nil)
	f.directory.asks = map[string][]string{"ada": {"one"}}
	d := f.want(Challenged, "", f.login("ada", static("pw-ada", f.code("ada", 0))))
	d = f.want(Challenged, "", f.login("ada", dynamic(d, "one")))
	f.want(Accepted, "", f.login("ada", dynamic(d, f.code("ada", 0))))
}

func TestNoChallengeWhereItCannotBeDelivered(t *testing.T) {
	f := newFixture(t, nil)
	l := Login{Username: "ada", Password: secret.FromString("pw-ada")}
	f.want(Refused, "cannot ask", f.Decide(t.Context(), l))
	l.Password = secret.FromString(static("pw-ada", f.code("ada", 0)))
	f.want(Accepted, "", f.Decide(t.Context(), l))
}

func TestOneCodeTwentyLoginsOneAccepted(t *testing.T) {
	f := newFixture(t, nil)
	field := static("pw-ada", f.code("ada", 0))
	verdicts := make(chan Verdict, 20)
	for range 20 {
		go func() {
			verdicts <- f.Decide(context.Background(), Login{Username: "ada", Password: secret.FromString(field)}).Verdict
		}()
	}
	accepted := 0
	for range 20 {
		if <-verdicts == Accepted {
			accepted++
		}
	}
	if accepted != 1 {
		t.Errorf("%d accepted", accepted)
	}
}

func TestNothingOfTheTypedIsInTheRecord(t *testing.T) {
	f := newFixture(t, nil)
	for _, field := range []string{"pw-ada-x", static("pw-ada", "998877"), "CRV1::abc::998877", "SCRV1:998877"} {
		d := f.login("ada", field)
		if shown := fmt.Sprintf("%+v %v", d, d.Cause); strings.Contains(shown, "998877") || strings.Contains(shown, "pw-ada") {
			t.Errorf("%q: %s", field, shown)
		}
	}
}

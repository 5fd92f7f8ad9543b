package verify

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ovpn-verify/verify/front/reason"
	"ovpn-verify/verify/primary"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
	"ovpn-verify/verify/turns"
)

// withLimits locks after three failures for ten minutes.
func withLimits(p *Pipeline) {
	p.Limits = DefaultLimitsConfig()
	p.Limits.Failures = 3
}

func passwordOnly(p *Pipeline) {
	withLimits(p)
	p.Login.SecondFactor = "none"
}

func (f *fixture) from(address, user, field string) Decision {
	return f.Decide(f.t.Context(), Login{ID: "test", Username: user, Password: secret.FromString(field), ClientIP: netip.MustParseAddr(address), CanChallenge: true})
}

func TestLockedUserReadsWhatAWrongPasswordReads(t *testing.T) {
	f := newFixture(t, passwordOnly)
	for range 3 {
		f.want(Refused, "wrong password", f.login("ada", "wrong"))
	}
	calls := f.directory.calls
	wrong := f.want(Refused, `user "ada" until`, f.login("ada", "wrong"))
	right := f.want(Refused, `user "ada" until`, f.login("ada", "pw-ada"))
	if wrong.Text != right.Text || wrong.Text != reason.Refused {
		t.Errorf("a locked user reads %q with a wrong and %q with the right password", wrong.Text, right.Text)
	}
	if f.directory.calls != calls {
		t.Error("the directory was asked about a locked user")
	}
	f.want(Accepted, "", f.login("bob", "pw-bob"))
	f.now = f.now.Add(10 * time.Minute)
	f.want(Accepted, "", f.login("ada", "pw-ada"))
}

func TestEverySpellingCountsForTheAccount(t *testing.T) {
	f := newFixture(t, passwordOnly)
	for _, name := range []string{"ADA@example.org", "Ada@example.org", "aDA@example.org"} {
		f.want(Refused, "wrong password", f.login(name, "wrong"))
	}
	f.want(Refused, "locked out", f.login("ada", "pw-ada"))
	// The spelling itself was tried once only; that the password is right must not show.
	d := f.want(Refused, "locked out", f.login("Ada@EXAMPLE.org", "pw-ada"))
	if d.Text != reason.Refused {
		t.Errorf("text %q", d.Text)
	}
}

func TestUnknownUsersCountToo(t *testing.T) {
	f := newFixture(t, passwordOnly)
	for range 3 {
		f.want(Refused, "wrong password", f.login("mallory", "x"))
	}
	f.want(Refused, "locked out", f.login("mallory", "x"))
}

func TestSuccessForgetsFailuresAndOutagesCostNothing(t *testing.T) {
	f := newFixture(t, passwordOnly)
	for range 4 {
		f.want(Refused, "wrong password", f.login("ada", "wrong"))
		f.want(Refused, "wrong password", f.login("ada", "wrong"))
		f.want(Accepted, "", f.login("ada", "pw-ada"))
	}
	f.directory.outage = errors.New("away")
	for range 10 {
		f.want(Unavailable, "away", f.login("ada", "wrong"))
	}
	f.directory.outage = nil
	f.want(Accepted, "", f.login("ada", "pw-ada"))
}

func TestAddressIsChargedAndNeverCleared(t *testing.T) {
	f := newFixture(t, passwordOnly)
	for i := range 30 {
		f.want(Refused, "wrong password", f.from("2001:db8::1:"+fmt.Sprint(i+1), fmt.Sprint("user", i), "x"))
		f.want(Accepted, "", f.from("192.0.2.9", "bob", "pw-bob"))
		if i < 29 {
			f.want(Accepted, "", f.from("2001:db8::1", "bob", "pw-bob")) // has an account of his own
		}
	}
	f.want(Refused, `address "2001:db8::"`, f.from("2001:db8::ffff:1", "ada", "pw-ada"))
	f.want(Accepted, "", f.from("2001:db8:0:1::1", "ada", "pw-ada"))
}

func TestCodesAreLimitedByThemselves(t *testing.T) {
	f := newFixture(t, withLimits)
	for range 3 {
		f.want(Refused, "wrong code", f.login("ada", static("pw-ada", "000000")))
	}
	f.want(Refused, `factor "ada"`, f.login("ada", static("pw-ada", f.code("ada", 0))))
	// Nobody learns from a question that the password was right.
	f.want(Refused, `factor "ada"`, f.login("ada", "pw-ada"))
	f.want(Refused, "wrong password", f.login("ada", "pw-bob"))
	f.now = f.now.Add(10 * time.Minute)
	f.want(Accepted, "", f.login("ada", static("pw-ada", f.code("ada", 0))))
}

func TestWrongAnswersLock(t *testing.T) {
	f := newFixture(t, withLimits)
	for range 3 {
		d := f.want(Challenged, "", f.login("ada", "pw-ada"))
		f.want(Refused, "wrong code", f.login("ada", dynamic(d, "000000")))
	}
	f.want(Refused, "locked out", f.login("ada", "pw-ada"))

	f = newFixture(t, passwordOnly)
	f.directory.asks = map[string][]string{"ada": {"blue"}}
	for range 3 {
		d := f.want(Challenged, "", f.login("ada", "pw-ada"))
		f.want(Refused, "wrong answer", f.login("ada", dynamic(d, "red")))
	}
	f.want(Refused, "locked out", f.login("ada", "pw-ada"))
}

func TestQuestionsAreNoFailures(t *testing.T) {
	f := newFixture(t, withLimits)
	for range 10 {
		f.want(Challenged, "", f.login("ada", "pw-ada"))
	}
	d := f.want(Challenged, "", f.login("ada", "pw-ada"))
	f.want(Accepted, "", f.login("ada", dynamic(d, f.code("ada", 0))))
}

// slow answers after a moment, and counts who asks at once.
type slow struct {
	mu           sync.Mutex
	asked        map[string]int // password
	atOnce, most atomic.Int32
	right        string
}

func (s *slow) CheckPassword(_ context.Context, req *primary.Request) (primary.Identity, error) {
	s.most.Store(max(s.most.Load(), s.atOnce.Add(1)))
	defer s.atOnce.Add(-1)
	s.mu.Lock()
	s.asked[string(req.Password.Reveal())]++
	s.mu.Unlock()
	time.Sleep(10 * time.Millisecond)
	if string(req.Password.Reveal()) != s.right {
		return primary.Identity{}, fmt.Errorf("wrong password: %w", primary.ErrRefused)
	}
	return primary.Identity{Name: req.Username}, nil
}

func newSlow(t *testing.T) (*fixture, *slow) {
	backend := &slow{asked: map[string]int{}, right: "right"}
	f := newFixture(t, func(p *Pipeline) {
		passwordOnly(p)
		p.Backend = backend
	})
	f.turns = turns.New(100, 100, patience)
	return f, backend
}

func TestGuessesAtOnceAreNoMoreThanOneAfterTheOther(t *testing.T) {
	f, backend := newSlow(t)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() { f.want(Refused, "", f.login("ada", fmt.Sprint("guess ", i))) })
	}
	wg.Wait()
	if len(backend.asked) != 3 {
		t.Errorf("the directory heard %d guesses, want 3", len(backend.asked))
	}
}

func TestTheSameLoginManyTimesAtOnceIsOneAttempt(t *testing.T) {
	f, backend := newSlow(t)
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() { f.want(Accepted, "", f.login("ada", "right")) })
	}
	wg.Wait()
	if backend.most.Load() < 4 {
		t.Errorf("%d at once", backend.most.Load())
	}
	for range 20 {
		wg.Go(func() { f.want(Refused, "", f.login("ada", "wrong")) })
	}
	wg.Wait()
	f.want(Accepted, "", f.login("ada", "right")) // one guess, however often it was made
}

// Of a recovery code that comes several times at once, one is good, and the others
// are no guesses.
func TestTheSameRecoveryCodeManyTimesAtOnceLocksNobody(t *testing.T) {
	f := newFixture(t, withLimits)
	code := "abcd-efgh-ijkl-mnop"
	if err := f.store.PutRecoveryCodes(t.Context(), "ada", []secret.Text{secret.FromString(code)}); err != nil {
		t.Fatal(err)
	}
	var accepted atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if d := f.login("ada", static("pw-ada", code)); d.Verdict == Accepted {
				accepted.Add(1)
			} else {
				f.want(Refused, "used before", d)
			}
		})
	}
	wg.Wait()
	if n := accepted.Load(); n != 1 {
		t.Errorf("%d were let in", n)
	}
	f.want(Accepted, "", f.login("ada", static("pw-ada", f.code("ada", 0))))
}

// pretender shows that a locked user costs the time of a check.
type pretender struct {
	*directory
	pretended int
}

func (p *pretender) Pretend(context.Context, secret.Text) { p.pretended++ }

func TestLockedUserCostsTheTimeOfACheck(t *testing.T) {
	backend := &pretender{directory: &directory{}}
	f := newFixture(t, func(p *Pipeline) {
		passwordOnly(p)
		p.Backend = backend
	})
	for range 4 {
		f.want(Refused, "", f.login("ada", "wrong"))
	}
	if backend.pretended != 1 {
		t.Errorf("pretended %d times", backend.pretended)
	}
}

func TestWithoutAStateFolder(t *testing.T) {
	f := newFixture(t, passwordOnly)
	f.Store = state.Open("/nonexistent/state.db", "/nonexistent/state.key")
	d := f.want(Accepted, "", f.login("ada", "pw-ada"))
	if len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "nothing is counted") {
		t.Errorf("notes %q", d.Notes)
	}
	f.want(Refused, "wrong password", f.login("ada", "wrong"))
	f.Login.SecondFactor = "totp"
	f.want(Unavailable, "does not exist", f.login("ada", "pw-ada"))
}

// unsettled is a store that cannot be written when an attempt ends, and counts who tries.
type unsettled struct {
	Store
	tries atomic.Int32
}

func (u *unsettled) EndAttempt(context.Context, string, []state.Ended, time.Time) error {
	u.tries.Add(1)
	return errors.New("no space left on device")
}

func (*unsettled) Conclude(context.Context, state.Conclusion, time.Time) (error, error) {
	return nil, errors.New("no space left on device")
}

func TestRefusalThatCannotBeCountedIsNotTold(t *testing.T) {
	f := newFixture(t, passwordOnly)
	f.Store = &unsettled{Store: f.Store}
	f.want(Unavailable, "could not be counted: no space", f.login("ada", "wrong"))
	f.want(Accepted, "", f.login("ada", "pw-ada"))
}

// Those who come with the same wrong password at once are told what the first is told:
// not before its failure is counted, and nothing where it cannot be.
func TestRefusalThatCannotBeCountedIsToldToNobody(t *testing.T) {
	f, backend := newSlow(t)
	store := &unsettled{Store: f.Store}
	f.Store = store
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { f.want(Unavailable, "could not be counted: no space", f.login("ada", "wrong")) })
	}
	wg.Wait()
	if backend.asked["wrong"] != 1 {
		t.Errorf("the directory heard it %d times", backend.asked["wrong"])
	}
	if n := store.tries.Load(); n > 2 { // the first and the last one
		t.Errorf("%d of them waited for the state", n)
	}
}

// counting notes whose failures are counted, without a disk.
type counting struct {
	Store
	failed sync.Map
}

func (*counting) BeginAttempt(context.Context, string, []state.Counter, time.Time, time.Time) error {
	return nil
}

func (c *counting) EndAttempt(_ context.Context, _ string, ended []state.Ended, _ time.Time) error {
	for _, e := range ended {
		if e.Outcome == state.Failed {
			c.failed.Store(e.Name, true)
		}
	}
	return nil
}

func TestNobodyIsToldOfAFailureBeforeItIsCounted(t *testing.T) {
	f, _ := newSlow(t)
	counts := &counting{Store: f.Store}
	f.Store, f.turns = counts, turns.New(fewAtOnce, 2048, patience)
	var wg sync.WaitGroup
	for i := range 400 {
		user := fmt.Sprintf("user%d", i)
		for range 8 {
			wg.Go(func() {
				f.want(Refused, "wrong password", f.login(user, "wrong"))
				if _, counted := counts.failed.Load(user); !counted {
					t.Errorf("%s is told of a failure that is not counted yet", user)
				}
			})
		}
	}
	wg.Wait()
}

//go:build e2e

package e2e_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"ovpn-verify/scripts/testbed"
	"ovpn-verify/verify/state"
)

// roundOutcome is one of the few things that may come of a login, or all there is to
// say of another.
func roundOutcome(r testbed.Result) (what string, known bool) {
	switch {
	case r.Accepted():
		return "accepted", true
	case r.Status == 2 && r.Verdict == '0' && r.Reason == refusedText:
		return "refused", true
	case unanswered(r):
		return "no verdict", true
	case deniedByFront(r):
		return "worker killed before it had the job", true
	case r.Status == -1:
		return "front killed", true
	}
	return fmt.Sprintf("status %d, verdict %q, reason %q, output %q", r.Status, r.Verdict, r.Reason, r.Output), false
}

// deniedByFront: what was left of front saw that the worker ended before it began,
// and gave the answer; nothing was decided.
func deniedByFront(r testbed.Result) bool {
	return r.Status == 2 && r.Verdict == '0' && r.Reason == unfinishedText
}

// unanswered: the worker was killed. Before the verdict comes the text, with blanks
// over the rest of the neutral one: an accept's is none, a refusal's its own.
func unanswered(r testbed.Result) bool {
	text := strings.TrimRight(r.Reason, " ")
	return r.Status == 2 && r.Verdict == 0 && (text == unfinishedText || text == "" || text == refusedText)
}

func (k *killer) judge(r *round) {
	k.t.Helper()
	accepted := 0
	for _, result := range r.codes {
		if k.roundOutcome(r, "code", result) == "accepted" {
			accepted++
		}
	}
	told := map[string]bool{} // the same guess at the same moment counts once
	for i, result := range r.wrong {
		switch k.roundOutcome(r, "guess", result) {
		case "accepted":
			k.t.Errorf("%s: a wrong password was accepted", r.guessed)
		case "refused":
			told[guess(i)] = true
		}
	}
	k.judgeCode(r, accepted)
	k.judgeCount(r, len(told))
}

func (k *killer) roundOutcome(r *round, kind string, result testbed.Result) string {
	k.t.Helper()
	what, known := roundOutcome(result)
	if !known {
		k.t.Errorf("%s, %s, %s, %s: %s", r.user, r.config, r.way, kind, what)
	}
	k.note(kind + ": " + what)
	return what
}

// judgeCode tries the code once more, and a new one, when nothing is killed.
func (k *killer) judgeCode(r *round, accepted int) {
	k.t.Helper()
	again := k.answered(r, k.roundField(r))
	k.note(fmt.Sprintf("after %d accepted, the code again: %s", accepted, again))
	if again == "accepted" {
		accepted++
	}
	if accepted > 1 || (again != "accepted" && again != "refused") {
		k.t.Errorf("%s, %s, %s: %d logins were accepted, the code again was %s", r.user, r.config, r.way, accepted, again)
	}
	if r.challenge != "" {
		if _, err := k.store.TakeChallenge(k.t.Context(), r.challenge, time.Now()); !errors.Is(err, state.ErrNotFound) {
			k.t.Errorf("%s: the challenge was answered and is pending: %v", r.user, err)
		}
	}
	if fresh := k.answered(r, testbed.Static(k.password(r.user), k.code(r.user, 2))); fresh != "accepted" {
		k.t.Errorf("%s, %s: a new code was %s; what our log has of the user:\n%s", r.user, r.config, fresh, k.logged(r.user))
	}
}

// logged are the lines of our log with the user.
func (k *killer) logged(user string) string {
	var lines strings.Builder
	for line := range strings.Lines(read(k.path("log"))) {
		if strings.Contains(line, "user="+user+" ") {
			lines.WriteString(line)
		}
	}
	return lines.String()
}

func (k *killer) answered(r *round, field string) string {
	k.t.Helper()
	result, err := k.call(r.config, r.user, field).Run(k.t.Context())
	if err != nil {
		k.t.Error(err)
	}
	what, _ := roundOutcome(result)
	return what
}

// judgeCount: as many failures at least as the guesser was told of are counted,
// and no more than there were guesses.
func (k *killer) judgeCount(r *round, told int) {
	k.t.Helper()
	counted := func(most int) bool {
		c := state.Counter{Kind: state.CountUser, Name: r.guessed, Most: most, Window: 10 * time.Minute, Lockout: 10 * time.Minute}
		err := k.store.BeginAttempt(k.t.Context(), "a look", []state.Counter{c}, time.Now(), time.Now().Add(time.Second))
		if err == nil {
			err = k.store.EndAttempt(k.t.Context(), "a look", []state.Ended{{Counter: c, Outcome: state.Void}}, time.Now())
		} else if errors.Is(err, state.ErrBusy) || errors.Is(err, state.ErrLocked) {
			return true
		}
		if err != nil {
			k.t.Error(err)
		}
		return false
	}
	if told > 0 && !counted(told) {
		k.t.Errorf("%s: of %d refusals some are not counted", r.guessed, told)
	}
	if counted(roundGuess + 1) {
		k.t.Errorf("%s: more is counted than the %d guesses", r.guessed, roundGuess)
	}
}

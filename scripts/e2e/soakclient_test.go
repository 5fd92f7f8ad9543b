//go:build e2e

package e2e_test

import (
	"context"
	"strings"
	"time"

	"ovpn-verify/scripts/testbed"
)

// client is one person, who does one thing after the other. What may come of
// each login is for the test to know, without asking the program.
type client struct {
	*soak
	user, config string

	failures int // that may be counted: wrong ones, and those whose worker was killed
	told     int // wrong passwords that the client was told of
	code     int // how many codes were used
	last     testbed.Result
}

// What may come of a login, beside a failure that an outage or a kill explains.
type allowed int

const (
	mustAccept allowed = iota
	mustRefuse
	mustAsk
	mayAccept // or refuse: a killed worker may have spent the code
)

// slack is how long after an outage its traces may show: the directory's start,
// and a connection that it has forgotten.
const slack = 1500 * time.Millisecond

// try logs in and judges what comes of it.
func (c *client) try(kind string, call testbed.Call, allow allowed) (outcome string) {
	call.Window = 6 * time.Second
	began := time.Now()
	r, err := c.fly(call)
	outcome, c.last = c.outcome(r), r
	text := ""
	switch {
	case err != nil && outcome != "killed":
		text = err.Error()
	case outcome == "accepted" && allow != mustAccept && allow != mayAccept:
		text = "a wrong accept"
	case outcome == "accepted" && c.told >= soakMost:
		text = "a locked user was accepted"
	case outcome == "refused" && (allow == mustAccept || allow == mustAsk) && c.failures < soakMost:
		text = "a wrong refusal"
	case outcome == "challenged" && allow != mustAsk:
		text = "a question where there is none to ask"
	case outcome == "unavailable" && !c.outageBetween(began.Add(-slack), time.Now()) && c.failures < soakMost:
		text = "unavailable without an outage"
	case outcome == "killed" && (c.config != "killed.toml" || !c.killBetween(began, time.Now())):
		text = "no verdict, and nothing was killed"
	case outcome == "":
		text = "none of the outcomes"
	}
	if text != "" {
		c.t.Errorf("%s, %q, %s: %s: %+v", kind, call.Username, c.config, text, r)
	}
	if outcome == "killed" || outcome == "refused" {
		c.failures++
	}
	c.count(c, call.Username, kind, outcome)
	return outcome
}

// fly makes the call and waits, unless the login is lost with its worker.
func (c *client) fly(call testbed.Call) (testbed.Result, error) {
	ctx, lost := context.WithCancel(c.t.Context())
	defer lost()
	d, err := call.Start(ctx)
	if err != nil {
		return testbed.Result{Status: -1}, err
	}
	if c.config == "killed.toml" {
		defer c.weather.fly(lost)()
	}
	r, err := d.Wait(ctx)
	if r.Output != "" && !deniedByFront(r) { // which try judges
		c.t.Errorf("OpenVPN's log was told: %s", r.Output)
	}
	return r, err
}

func (c *client) outcome(r testbed.Result) string {
	switch {
	case r.Status == 2 && r.Verdict == '1':
		return "accepted"
	case unanswered(r), deniedByFront(r):
		return "killed"
	case r.Status != 2 || r.Verdict != '0':
	case r.Reason == refusedText:
		return "refused"
	case r.Reason == unavailableText:
		return "unavailable"
	case strings.HasPrefix(r.Reason, "CRV1:R:"):
		challenge, err := testbed.ParseChallenge(r.Reason)
		if err == nil {
			c.secret(challenge.State)
			return "challenged"
		}
	}
	return ""
}

func (c *client) call(field string) testbed.Call {
	return c.stand.call(c.config, c.user, field)
}

// wrong is a login that nobody may get in by.
func (c *client) wrong(kind, field string) { c.try(kind, c.call(field), mustRefuse) }

// nextCode is one that was never used.
func (c *client) nextCode() string {
	c.code++
	return c.stand.code(c.user, c.code-8)
}

// right logs in by what make gives for a code, until it succeeds; last is the
// call that did. An outage before the code was looked at leaves it good.
func (c *client) right(kind string, make func(code string) testbed.Call) (last testbed.Call, ok bool) {
	code, allow := c.nextCode(), mustAccept
	for range 8 {
		last = make(code)
		switch c.try(kind, last, allow) {
		case "accepted":
			return last, true
		case "killed":
			allow = mayAccept
		case "refused": // it was spent by the one that was killed
			code, allow = c.nextCode(), mustAccept
		case "unavailable":
			time.Sleep(300 * time.Millisecond)
		}
	}
	return last, false
}

// again is the same login from another port, after its code was good once.
func (c *client) again(kind string, call testbed.Call) {
	call.Port = c.call("").Port
	c.try(kind, call, mustRefuse)
}

func (c *client) static(code string) testbed.Call {
	return c.call(testbed.Static(c.password(c.user), code))
}

// asked is a question that is put by the password alone.
func (c *client) asked(kind string) (state string, ok bool) {
	for range 8 {
		if c.try(kind, c.call(c.password(c.user)), mustAsk) == "challenged" {
			challenge, err := testbed.ParseChallenge(c.last.Reason)
			return challenge.State, err == nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return "", false
}

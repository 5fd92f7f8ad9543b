//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

const (
	killRounds  = 200
	killBatch   = 8 // rounds at once
	roundLogins = 4 // with the one code, in a round
	roundGuess  = 3 // wrong passwords of another user meanwhile
)

// Logins with one code while workers and fronts are killed at random points: at
// most one gets in, whatever was killed, and the others' refusals stay counted.
func TestKillsAtRandomPoints(t *testing.T) {
	var people []string
	for i := range killRounds {
		people = append(people, fmt.Sprintf("user%03d", i), fmt.Sprintf("guessed%03d", i))
	}
	s := newStand(t, people...)
	for i := range killRounds {
		s.enroll(people[2*i])
	}
	sections := map[string]string{
		"own.toml":    "[limits]\nfailures = 5\n[worker]\nlinger = \"0s\"\n",
		"shared.toml": "[limits]\nfailures = 5\n[worker]\nlinger = \"20ms\"\n",
	}
	for name, section := range sections {
		s.configure(name, `deadline = "20s"`, section)
	}
	k := &killer{stand: s, seen: map[string]int{}}
	began := time.Now()
	for first := 0; first < killRounds; first += killBatch {
		k.batch(first, people)
	}
	t.Logf("%d rounds in %v: %d workers and %d fronts killed", killRounds, time.Since(began).Round(time.Millisecond), k.workers, k.fronts)
	t.Logf("in the rounds: %v", k.seen)
	if k.workers < killRounds/4 || k.fronts < killRounds/20 || k.seen["code: accepted"] < killRounds/10 || k.seen["code: no verdict"] < killRounds/10 {
		t.Error("too few were killed, or too many")
	}
	if report, err := s.store.Check(t.Context()); err != nil || len(report.Faults) > 0 {
		t.Errorf("the state afterwards: %+v, %v", report, err)
	}
	s.lookForSecrets(nil)
}

// killer ends processes and keeps what became of the logins.
type killer struct {
	*stand
	mu              sync.Mutex
	seen            map[string]int
	workers, fronts int
}

func (k *killer) note(what string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen[what]++
}

// round is one user's code, and one user whose password is guessed.
type round struct {
	user, guessed string
	config, way   string
	challenge     string // the pending one, of way "dynamic"
	code          string
	codes, wrong  []testbed.Result
}

func (k *killer) batch(first int, people []string) {
	var rounds []*round
	for i := first; i < min(first+killBatch, killRounds); i++ {
		r := &round{user: people[2*i], guessed: people[2*i+1], config: "own.toml", way: codeWays[i%len(codeWays)]}
		if i%2 == 1 {
			r.config = "shared.toml"
		}
		r.code = k.code(r.user, 0)
		if r.way == "dynamic" {
			r.challenge = k.challenge(r.config, r.user)
		}
		rounds = append(rounds, r)
	}
	ctx, over := context.WithCancel(k.t.Context())
	defer over()
	cut := func() {}
	if first/killBatch%2 == 0 {
		go k.kill(ctx)
	} else {
		free := k.holdState()
		cut = func() { k.cut(free) }
	}
	k.logins(ctx, rounds, cut, over)
	var judged sync.WaitGroup
	for _, r := range rounds {
		judged.Go(func() { k.judge(r) })
	}
	judged.Wait()
}

// kill ends workers every few milliseconds, wherever they are.
func (k *killer) kill(ctx context.Context) {
	for ctx.Err() == nil {
		time.Sleep(time.Duration(rand.IntN(30_000)) * time.Microsecond)
		if found := testbed.Workers(k.dir); len(found) > 0 && ctx.Err() == nil {
			k.end(found[rand.IntN(len(found))])
		}
	}
}

// cut ends workers within the milliseconds in which those that waited for the
// state check and write: some, or all as when the power is cut.
func (k *killer) cut(free func()) {
	found := testbed.Workers(k.dir)
	rand.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	if rand.IntN(2) == 0 {
		found = found[len(found)/2:]
	}
	free()
	time.Sleep(time.Duration(rand.IntN(120_000)) * time.Microsecond)
	for _, w := range found {
		k.end(w)
	}
}

func (k *killer) end(w testbed.Worker) {
	if w.Kill() == nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.workers++
	}
}

// logins makes those of all rounds at once, calls cut when all are handed over,
// and over when nothing is left that could still answer one: a copy of front whose
// worker was killed starts another.
func (k *killer) logins(ctx context.Context, rounds []*round, cut, over func()) {
	var started, ended sync.WaitGroup
	for _, r := range rounds {
		r.codes, r.wrong = make([]testbed.Result, roundLogins), make([]testbed.Result, roundGuess)
		for i := range r.codes {
			k.login(ctx, &started, &ended, k.call(r.config, r.user, k.roundField(r)), &r.codes[i])
		}
		for i := range r.wrong {
			k.login(ctx, &started, &ended, k.call(r.config, r.guessed, guess(i)), &r.wrong[i])
		}
	}
	started.Wait()
	cut()
	for deadline := time.Now().Add(30 * time.Second); testbed.Running(k.dir); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			k.t.Fatal("they do not end")
		}
	}
	over()
	ended.Wait()
}

// guess is a wrong password; two of them are the same.
func guess(i int) string { return fmt.Sprintf("not the password, %d", i/2) }

func (s *stand) roundField(r *round) string {
	if r.challenge != "" {
		return "CRV1::" + r.challenge + "::" + r.code
	}
	return s.field(r.way, r.config, r.user, r.code)
}

// login is killed itself, one time in eight, while the daemon waits for it.
func (k *killer) login(ctx context.Context, started, ended *sync.WaitGroup, call testbed.Call, result *testbed.Result) {
	result.Status = -1
	started.Add(1)
	ended.Go(func() {
		frontCtx, cancel := context.WithCancel(k.t.Context())
		defer cancel()
		if rand.IntN(8) == 0 {
			time.AfterFunc(time.Duration(rand.IntN(20_000))*time.Microsecond, cancel)
		}
		d, err := call.Start(frontCtx)
		started.Done()
		if err == nil { // else killed before it began
			*result, _ = d.Wait(ctx)
		}
		if result.Status == -1 {
			k.mu.Lock()
			k.fronts++
			k.mu.Unlock()
		}
	})
}

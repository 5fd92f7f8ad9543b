// Command demo shows one user's logins with a password and a code on a real
// OpenVPN server and client, in network namespaces made for it. Without root or
// without openvpn the same logins run against a stand-in for the daemon, and it
// says so. It exits 0 only when everything was as it should be.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"ovpn-verify/scripts/testbed"
)

const (
	user     = "ada"
	password = "correct horse battery"
)

func main() {
	binary := flag.String("binary", "bin/ovpn-verify", "the program to show")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *binary); err != nil {
		fmt.Fprintf(os.Stderr, "error: demo: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binary string) (err error) {
	binary, err = filepath.Abs(binary)
	if err != nil {
		return err
	}
	if _, err := os.Stat(binary); err != nil {
		return fmt.Errorf("%w (make build makes it)", err)
	}
	dir, err := os.MkdirTemp("", "ovpn-verify-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	setup, err := prepare(ctx, binary, dir)
	if err != nil {
		return err
	}
	daemon, err := start(ctx, setup)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, daemon.close()) }()
	if err := story(daemon, setup); ctx.Err() == nil {
		return err
	}
	return errors.New("interrupted")
}

// start takes the real daemon where it can run, and says why where it cannot.
func start(ctx context.Context, s *setup) (daemon, error) {
	missing := testbed.Missing()
	if len(missing) == 0 {
		network, err := testbed.NewNetwork()
		if err == nil {
			// An interrupt ends what the story waits for, and so the story.
			context.AfterFunc(ctx, func() { _ = network.Close() })
			return startReal(network, s)
		}
		missing = []string{err.Error()}
	}
	step("NOT the real daemon: a stand-in that calls ovpn-verify as OpenVPN 2.6.14 does")
	show("why", "%s", strings.Join(missing, "; "))
	show("left out", "the client and the tunnel")
	return &standIn{ctx: ctx, setup: s}, nil
}

// story tells the logins and fails at the first that goes otherwise.
func story(d daemon, s *setup) error {
	step("ada connects and types her password")
	challenge, err := ask(d)
	if err != nil {
		return err
	}
	step("She types a wrong code")
	code, err := s.wrongCode()
	if err != nil {
		return err
	}
	e, err := expect(testbed.Refused)(d.answer(challenge, code))
	if err != nil {
		return err
	}
	if e.Message == "" {
		return errors.New("the refusal has no text for the user")
	}
	show("she sees", "%s", e.Message)

	step("She connects again and types the right code")
	if challenge, err = ask(d); err != nil {
		return err
	}
	if code, err = s.code(); err != nil {
		return err
	}
	if e, err = expect(testbed.Connected)(d.answer(challenge, code)); err != nil {
		return err
	}
	show("connected", "after %d ms", e.Took.Milliseconds())
	if err := d.proof(); err != nil {
		return err
	}
	return s.showLog(code)
}

// ask logs in with the password and wants a question for the code back.
func ask(d daemon) (*testbed.Challenge, error) {
	e, err := expect(testbed.Challenged)(d.login(user, password))
	if err != nil {
		return nil, err
	}
	if e.Challenge.User != user || e.Challenge.Text == "" {
		return nil, fmt.Errorf("the challenge is %+v", *e.Challenge)
	}
	show("she is asked", "%s", e.Challenge.Text)
	return e.Challenge, nil
}

func expect(want testbed.Kind) func(testbed.Event, error) (testbed.Event, error) {
	return func(e testbed.Event, err error) (testbed.Event, error) {
		if err == nil && e.Kind != want {
			err = fmt.Errorf("the client is %v, want %s", e, want)
		}
		return e, err
	}
}

func step(text string) { fmt.Printf("\n%s\n", text) }

func show(label, format string, args ...any) {
	fmt.Printf("  %-13s %s\n", label, fmt.Sprintf(format, args...))
}

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"

	"ovpn-verify/challenge"
	"ovpn-verify/verify/secret"
)

// errNoTerminal is the answer where a question would be asked and nobody is there.
var errNoTerminal = errors.New("no terminal to ask on")

// interactive tells whether somebody can be asked.
func interactive() bool { return term.IsTerminal(int(os.Stdin.Fd())) }

// shown is text from outside (a certificate's names, a server's message, a
// user's name) as one line without control characters, which a terminal obeys.
func shown(text string) string { return challenge.CleanText(text, len(text)) }

// shownLines keeps the ends of lines and their indentation, for lists of faults.
func shownLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		text := strings.TrimLeft(lines[i], " ")
		lines[i] = lines[i][:len(lines[i])-len(text)] + shown(text)
	}
	return strings.Join(lines, "\n")
}

// askSecret asks without echo. The prompt goes to standard error, so that what
// a command prints stays parseable.
func askSecret(prompt string) (secret.Text, error) {
	if !interactive() {
		return secret.Text{}, errNoTerminal
	}
	fmt.Fprint(os.Stderr, prompt, ": ")
	defer echoAgain()()
	b, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(os.Stderr)
	return secret.New(b), err
}

// echoAgain leaves no terminal without echo behind when a signal ends the program
// before the function that it returns is called.
func echoAgain() (stop func()) {
	fd := int(os.Stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return func() {}
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		for s := range signals {
			_ = term.Restore(fd, before)
			fmt.Fprintln(os.Stderr)
			signal.Reset(s)
			_ = syscall.Kill(os.Getpid(), s.(syscall.Signal))
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
	}
}

// askLine asks for an answer that may be seen.
func askLine(prompt string) (secret.Text, error) {
	if !interactive() {
		return secret.Text{}, errNoTerminal
	}
	fmt.Fprint(os.Stderr, prompt, ": ")
	return stdinLine()
}

// stdinLine reads one line of standard input, without its end.
func stdinLine() (secret.Text, error) {
	const longest = 4096 // OpenVPN's longest password, USER_PASS_LEN
	line, err := bufio.NewReaderSize(os.Stdin, longest+2).ReadSlice('\n')
	if len(line) == 0 && err != nil {
		return secret.Text{}, fmt.Errorf("standard input: %w", err)
	}
	if errors.Is(err, bufio.ErrBufferFull) {
		return secret.Text{}, fmt.Errorf("standard input: a line longer than %d bytes", longest)
	}
	return secret.New(bytes.TrimRight(line, "\r\n")), nil
}

// password comes from standard input or the terminal.
func password(fromStdin bool, prompt string) (secret.Text, error) {
	if fromStdin {
		return stdinLine()
	}
	p, err := askSecret(prompt)
	if errors.Is(err, errNoTerminal) {
		return p, &hintError{err, "give it on standard input: --password-stdin"}
	}
	return p, err
}

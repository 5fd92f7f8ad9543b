package main

import (
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/rogpeppe/go-internal/testscript"

	"ovpn-verify/scripts/testbed"
)

// onTerminal [-rows N] [NAME=VALUE…] DIALOGUE COMMAND…: runs it on a terminal.
// Each line of the file DIALOGUE begins with "? ", a regular expression to wait
// for, or "> ", what is typed then: CODE for the code of the URI that was shown,
// SLOW for the one of ten minutes ago, ^C for the key. stdout is what the terminal showed.
func onTerminal(ts *testscript.TestScript, neg bool, args []string) {
	rows := uint16(24)
	if args[0] == "-rows" {
		_, err := fmt.Sscan(args[1], &rows)
		ts.Check(err)
		args = args[2:]
	}
	environ := []string{"TERM=xterm-256color", "LANG=C.UTF-8"}
	for strings.Contains(args[0], "=") {
		environ, args = append(environ, args[0]), args[1:]
	}
	dialogue := strings.Split(strings.TrimSuffix(ts.ReadFile(args[0]), "\n"), "\n")
	cmd := exec.Command(args[1], args[2:]...)
	if cmd.Args[0] == filepath.Base(binary) {
		cmd.Path, cmd.Err = binary, nil
	}
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append([]string{"PATH=" + ts.Getenv("PATH"), "OVPN_VERIFY_CONFIG=" + ts.Getenv("OVPN_VERIFY_CONFIG")}, environ...)
	t, err := testbed.StartOnTerminal(cmd, rows)
	ts.Check(err)
	err = talk(t, dialogue)
	if err != nil {
		_ = cmd.Process.Kill()
	}
	failed := t.Wait() != nil
	fmt.Fprint(ts.Stdout(), t.Shown)
	ts.Check(err)
	if failed != neg {
		ts.Fatalf("failed: %v, expected: %v; shown: %s", failed, neg, t.Shown)
	}
}

func talk(t *testbed.Terminal, dialogue []string) error {
	for _, line := range dialogue {
		kind, text, _ := strings.Cut(line, " ")
		var err error
		switch kind {
		case "?":
			err = t.Expect(text)
		case ">":
			err = t.Type(typed(text, t.Shown))
		case "":
		default:
			err = fmt.Errorf("what is %q?", line)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func typed(text, shown string) string {
	switch text {
	case "^C":
		return "\x03"
	case "CODE", "SLOW":
		uri, _ := url.Parse(uriLine.FindString(shown))
		steps := map[string]int64{"CODE": 0, "SLOW": -20}[text]
		code, err := hotp.GenerateCodeCustom(uri.Query().Get("secret"), uint64(time.Now().Unix()/30+steps), hotp.ValidateOpts{Digits: otp.DigitsSix})
		if err != nil {
			return err.Error() + "\n"
		}
		return code + "\n"
	}
	return text + "\n"
}

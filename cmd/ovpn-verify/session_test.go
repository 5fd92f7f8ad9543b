package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"ovpn-verify/verify"
	"ovpn-verify/verify/openvpn"
	"ovpn-verify/verify/secret"
)

func TestPushedTokenIsOneDirective(t *testing.T) {
	if got := pushToken(secret.FromString("T0KEN")); got != "push \"auth-token T0KEN\"\n" {
		t.Errorf("%q", got)
	}
}

func TestSessionRecord(t *testing.T) {
	var log bytes.Buffer
	s := &service{log: slog.New(slog.NewTextHandler(&log, nil))}
	call := openvpn.Call{Event: openvpn.ClientConnect, Username: "ada", ClientIP: netip.MustParseAddr("192.0.2.7")}
	s.recordSession(call, sessionToken, 3*time.Millisecond, nil)
	s.recordSession(openvpn.Call{Event: openvpn.ClientDisconnect, Username: "a b"}, sessionFailed, 0, errors.New("no state"))
	want := []string{
		"level=INFO msg=session event=client-connect user=ada ip=192.0.2.7 result=token ms=3",
		`level=ERROR msg=session event=client-disconnect user="a b" ip="" result=failed ms=0 cause="no state"`,
	}
	for i, line := range strings.Split(strings.TrimSpace(log.String()), "\n") {
		if _, got, _ := strings.Cut(line, " "); i >= len(want) || got != want[i] {
			t.Errorf("%s", line)
		}
	}
}

func TestConnectAnswersWithWhatThePipelineSays(t *testing.T) {
	for name, c := range map[string]struct {
		token      secret.Text
		err        error
		directives string
		record     string
	}{
		"token":    {secret.FromString("T0KEN"), nil, "push \"auth-token T0KEN\"\n", "level=INFO .* result=token ms=[0-9]+$"},
		"no token": {secret.Text{}, nil, "", "level=INFO .* result=no-token ms=[0-9]+$"},
		"failure":  {secret.FromString("T0KEN"), errors.New("no state"), "", `level=ERROR .* result=failed ms=[0-9]+ cause="no state"$`},
	} {
		var log bytes.Buffer
		s := &service{log: slog.New(slog.NewTextHandler(&log, nil))}
		dir := t.TempDir()
		var files [2]*os.File
		for i, name := range []string{"ccr", "cc"} {
			var err error
			if files[i], err = os.Create(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		call := openvpn.Call{Event: openvpn.ClientConnect, Username: "ada", CommonName: "ada-laptop", ClientPort: 50123, SessionID: "id", Daemon: "1/2"}
		err := s.answerConnect(t.Context(), call, openvpn.NewConnectResults(files[0], files[1]),
			func(_ context.Context, session verify.Session) (secret.Text, error) {
				if session != (verify.Session{Username: "ada", CommonName: "ada-laptop", ClientPort: 50123, SessionID: "id", Daemon: "1/2"}) {
					t.Errorf("%s: %+v", name, session)
				}
				return c.token, c.err
			})
		deferred, _ := os.ReadFile(filepath.Join(dir, "ccr"))
		config, _ := os.ReadFile(filepath.Join(dir, "cc"))
		if err != nil || string(deferred) != "1" || string(config) != c.directives {
			t.Errorf("%s: answered %q with directives %q, %v", name, deferred, config, err)
		}
		if line := strings.TrimSuffix(log.String(), "\n"); !regexp.MustCompile(c.record).MatchString(line) || strings.ContainsAny(line, "\n") || strings.Contains(line, "T0KEN") {
			t.Errorf("%s: the log says %s", name, line)
		}
	}
}

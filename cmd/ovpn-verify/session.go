package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"ovpn-verify/verify"
	"ovpn-verify/verify/front"
	"ovpn-verify/verify/openvpn"
	"ovpn-verify/verify/secret"
)

// What the record says of a session's begin and end.
const (
	sessionToken   = "token"    // the client was given one
	sessionNoToken = "no-token" // there was none to give
	sessionNoted   = "noted"    // that it has ended
	sessionFailed  = "failed"   // cause tells why
)

// connect is the worker's client-connect.
func (s *service) connect(ctx context.Context, call openvpn.Call, results *openvpn.ConnectResults) {
	_ = s.answerConnect(ctx, call, results, s.pipeline.Connected)
}

// answerConnect answers first and writes the record after it, as decide does. A
// failure costs the session its token: whether the user gets in was decided. It
// returns the error of writing the answer.
func (s *service) answerConnect(ctx context.Context, call openvpn.Call, results *openvpn.ConnectResults,
	connected func(context.Context, verify.Session) (secret.Text, error)) error {
	began := time.Now()
	token, err := connected(ctx, newSession(call))
	result, directives := sessionNoToken, ""
	if err == nil && !token.Empty() {
		result, directives = sessionToken, pushToken(token)
	}
	answerErr := results.Accept(directives)
	if err = errors.Join(err, answerErr); err != nil {
		result = sessionFailed
	}
	s.recordSession(call, result, time.Since(began), err)
	return answerErr
}

// pushToken makes a client send the token as its password at every
// renegotiation from then on (doc/man-sections/client-options.rst, auth-token).
func pushToken(token secret.Text) string {
	return `push "auth-token ` + string(token.Reveal()) + "\"\n"
}

func (s *service) disconnect(ctx context.Context, call openvpn.Call) {
	began := time.Now()
	result := sessionNoted
	err := s.pipeline.Disconnected(ctx, newSession(call))
	if err != nil {
		result = sessionFailed
	}
	s.recordSession(call, result, time.Since(began), err)
}

func newSession(call openvpn.Call) verify.Session {
	return verify.Session{
		Username: call.Username, CommonName: call.CommonName,
		ClientIP: call.ClientIP, ClientPort: call.ClientPort,
		SessionID: call.SessionID, Daemon: call.Daemon,
	}
}

// recordSession writes the one log line that tells of the event.
func (s *service) recordSession(call openvpn.Call, result string, took time.Duration, cause error) {
	ip := ""
	if call.ClientIP.IsValid() {
		ip = call.ClientIP.String()
	}
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("event", string(call.Event)), slog.String("user", verify.LoggedName(call.Username)), slog.String("ip", ip),
		slog.String("result", result), slog.Int64("ms", took.Milliseconds()),
	}
	if cause != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("cause", cause.Error()))
	}
	s.log.LogAttrs(context.Background(), level, "session", attrs...)
}

// connectInsideCall is for an OpenVPN that knows no deferred client-connect
// (2.4): exit status 0 lets the session begin.
func (s *service) connectInsideCall(c front.Call, call openvpn.Call) (status int, err error) {
	results := openvpn.NewConnectResults(nil, os.NewFile(uintptr(c.Text), "client_connect_config_file"))
	answered, err := inTime(s.config.Login.Deadline, func(ctx context.Context) error {
		return s.answerConnect(ctx, call, results, s.pipeline.Connected)
	})
	if err != nil {
		s.log.Error("client-connect accepted without directives", "cause", err)
		answered = results.Accept("")
	}
	if answered == nil || errors.Is(answered, openvpn.ErrNotWritten) {
		return exitOK, nil
	}
	return exitRefused, answered
}

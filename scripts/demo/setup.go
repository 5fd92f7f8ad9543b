package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

const commandTimeout = 20 * time.Second

// setup is a configured ovpn-verify with one enrolled user.
type setup struct {
	binary string // absolute
	config string
	log    string // where ovpn-verify writes its records
	key    *otp.Key
}

// Relative paths are relative to the config.
const config = `[login]
backend = "file"
second_factor = "totp"

[file]
path = "users.toml"

[state]
path = "state.db"

[worker]
linger = "1s"

[log]
to = "verify.log"
`

var otpauth = regexp.MustCompile(`(?m)^otpauth://\S+$`)

// prepare adds and enrolls the user with the commands an administrator uses.
func prepare(ctx context.Context, binary, dir string) (*setup, error) {
	s := &setup{binary: binary, config: filepath.Join(dir, "config.toml"), log: filepath.Join(dir, "verify.log")}
	if err := os.WriteFile(s.config, []byte(config), 0o600); err != nil {
		return nil, err
	}
	fmt.Println("An administrator sets a user up")
	if _, err := s.command(ctx, password+"\n", "user", "add", user, "--password-stdin"); err != nil {
		return nil, err
	}
	out, err := s.command(ctx, "", "totp", "enroll", user)
	if err != nil {
		return nil, err
	}
	uri := otpauth.FindString(out)
	if uri == "" {
		return nil, errors.New("totp enroll prints no otpauth:// URI on a line of its own")
	}
	if s.key, err = otp.NewKeyFromURL(uri); err != nil {
		return nil, errors.New("totp enroll prints an otpauth:// URI that cannot be read")
	}
	return s, nil
}

// command runs ovpn-verify and shows the call; what it prints may hold secrets.
func (s *setup) command(ctx context.Context, stdin string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	show("$", "ovpn-verify %s", strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, s.binary, append([]string{"--config", s.config}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("ovpn-verify %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}

// code is what the user's app shows now.
func (s *setup) code() (string, error) { return s.codeAt(time.Now()) }

// wrongCode is none of the codes around now.
func (s *setup) wrongCode() (string, error) {
	now := time.Now()
	right := map[string]bool{}
	for i := -3; i <= 3; i++ {
		code, err := s.codeAt(now.Add(time.Duration(i) * s.period()))
		if err != nil {
			return "", err
		}
		right[code] = true
	}
	for i := 0; ; i++ {
		if code := fmt.Sprintf("%0*d", s.key.Digits().Length(), i); !right[code] {
			return code, nil
		}
	}
}

func (s *setup) codeAt(t time.Time) (string, error) {
	return totp.GenerateCodeCustom(s.key.Secret(), t, totp.ValidateOpts{
		Period: uint(s.key.Period()), Digits: s.key.Digits(), Algorithm: s.key.Algorithm(),
	})
}

func (s *setup) period() time.Duration { return time.Duration(s.key.Period()) * time.Second }

// showLog shows ovpn-verify's records of the logins and looks for secrets in them.
func (s *setup) showLog(code string) error {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return fmt.Errorf("ovpn-verify's log: %w", err)
	}
	records := strings.Split(strings.TrimSpace(string(text)), "\n")
	if !strings.Contains(records[len(records)-1], user) {
		return fmt.Errorf("the last record does not name %q: %q", user, records[len(records)-1])
	}
	for _, secret := range []string{password, code, s.key.Secret()} {
		if strings.Contains(string(text), secret) {
			return errors.New("ovpn-verify's log holds a secret")
		}
	}
	step("What ovpn-verify logged")
	for _, record := range records {
		fmt.Println("  " + record)
	}
	return nil
}

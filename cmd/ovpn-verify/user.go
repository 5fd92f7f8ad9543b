package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"ovpn-verify/backends/file"
	"ovpn-verify/challenge"
	"ovpn-verify/verify/secret"
	"ovpn-verify/verify/state"
)

// userCommand keeps the users file of the backend "file".
type userCommand struct {
	Add    userAdd    `cmd:"" help:"Add a user."`
	Passwd userPasswd `cmd:"" help:"Change a user's password."`
	Remove userRemove `cmd:"" help:"Remove a user."`
	List   userList   `cmd:"" help:"List the users."`
}

type userAdd struct {
	Name          string `arg:"" help:"User name."`
	PasswordStdin bool   `help:"Read the password from standard input."`
}

// Run adds a user who is not there yet. Names that differ in case alone would
// share one second factor, and are one name.
func (cmd *userAdd) Run(config *configFlag) error {
	if err := file.CheckName(cmd.Name); err != nil {
		return err
	}
	return setPassword(config, cmd.Name, cmd.PasswordStdin, func(users file.Users) error {
		for name := range users {
			if state.Key(name) == state.Key(cmd.Name) {
				return &hintError{fmt.Errorf("user %q exists already", name),
					"to change the password: ovpn-verify user passwd " + name}
			}
		}
		return nil
	})
}

type userPasswd struct {
	Name          string `arg:"" help:"User name."`
	PasswordStdin bool   `help:"Read the password from standard input."`
}

// Run replaces the password of a user who is there.
func (cmd *userPasswd) Run(config *configFlag) error {
	return setPassword(config, cmd.Name, cmd.PasswordStdin, mustExist(cmd.Name))
}

type userRemove struct {
	Name string `arg:"" help:"User name."`
}

// Run removes a user. An enrolment for TOTP stays: it may belong to a user of another backend.
func (cmd *userRemove) Run(config *configFlag) error {
	c, err := config.load()
	if err != nil {
		return err
	}
	return file.ChangeUsers(c.File.Path, func(users file.Users) error {
		defer delete(users, cmd.Name)
		return mustExist(cmd.Name)(users)
	})
}

type userList struct{}

// Run prints one name a line.
func (cmd *userList) Run(config *configFlag) error {
	c, err := config.load()
	if err != nil {
		return err
	}
	users, err := file.ReadUsers(c.File.Path)
	for _, name := range slices.Sorted(maps.Keys(users)) {
		fmt.Println(shown(name))
	}
	return err
}

func mustExist(name string) func(file.Users) error {
	return func(users file.Users) error {
		if _, exists := users[name]; !exists {
			return fmt.Errorf("there is no user %q", name)
		}
		return nil
	}
}

// setPassword asks before the file is locked: somebody may think for a while.
func setPassword(config *configFlag, name string, fromStdin bool, allowed func(file.Users) error) error {
	c, err := config.load()
	if err != nil {
		return err
	}
	typed, err := newPassword(fromStdin)
	if err != nil {
		return err
	}
	hash, err := file.NewHash(typed)
	if err != nil {
		return err
	}
	return file.ChangeUsers(c.File.Path, func(users file.Users) error {
		if err := allowed(users); err != nil {
			return err
		}
		users[name] = hash
		return nil
	})
}

// newPassword has it typed twice, unless it comes from standard input.
func newPassword(fromStdin bool) (secret.Text, error) {
	typed, err := password(fromStdin, "New password")
	if err != nil {
		return typed, err
	}
	field, err := challenge.Parse(typed)
	if typed.Empty() {
		return typed, errors.New("the password is empty, and an empty password is never accepted")
	}
	if _, plain := field.(challenge.Plain); err != nil || !plain {
		return typed, errors.New("OpenVPN would not take this for a password: it begins like a challenge or a token, or holds a NUL byte")
	}
	if fromStdin {
		return typed, nil
	}
	again, err := askSecret("Once more")
	if err == nil && !typed.Equal(again) {
		err = errors.New("the two passwords differ")
	}
	return typed, err
}

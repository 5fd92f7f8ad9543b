package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// choose is what was given, or what is answered on a terminal, or without one what
// is usual; nothing usual is an error that names the flag. An answer that is wrong is
// asked for again: those before it are not typed twice.
func (s *start) choose(given, question, usual, flag string, wrong func(string) error) (string, error) {
	if given != "" || !s.asking {
		if given == "" {
			given = usual
		}
		if given == "" {
			return "", &hintError{fmt.Errorf("%s: not given", question), "give it with --" + flag}
		}
		return given, nil
	}
	if usual != "" {
		question += " [" + shown(usual) + "]"
	}
	for {
		answer, err := askLine(question)
		if err != nil {
			return "", err
		}
		typed := strings.TrimSpace(string(answer.Reveal()))
		if typed == "" && usual != "" {
			return usual, nil
		}
		err = errors.New("an answer is needed")
		if typed != "" {
			err = wrong(typed)
		}
		if err == nil {
			return typed, nil
		}
		fmt.Fprintln(os.Stderr, styleOf(os.Stderr).yellow("again:"), shownLines(err.Error()))
	}
}

// oneOf is for choose.
func oneOf(words ...string) func(string) error {
	return func(typed string) error {
		if slices.Contains(words, typed) {
			return nil
		}
		return fmt.Errorf("%q is none of %s", typed, strings.Join(words, ", "))
	}
}

// about leaves of a section's faults those of one key.
func about(key string, faults error) error {
	if faults == nil {
		return nil
	}
	for line := range strings.SplitSeq(faults.Error(), "\n") {
		if strings.HasPrefix(line, key+" ") {
			return errors.New(line)
		}
	}
	return nil
}

// optional may stay empty.
func (s *start) optional(given, question string) (string, error) {
	if given != "" || !s.asking {
		return given, nil
	}
	answer, err := askLine(question)
	return strings.TrimSpace(string(answer.Reveal())), err
}

// chooseList is choose for several, which are typed with spaces between them.
func (s *start) chooseList(given []string, question, usual, flag string, wrong func([]string) error) ([]string, error) {
	if len(given) > 0 {
		return given, nil
	}
	answer, err := s.choose("", question, usual, flag, func(typed string) error { return wrong(strings.Fields(typed)) })
	return strings.Fields(answer), err
}

// confirm is no unless somebody says yes.
func (s *start) confirm(question string) bool {
	if !s.asking {
		return false
	}
	answer, err := askLine(question + " [y/N]")
	return err == nil && strings.EqualFold(strings.TrimSpace(string(answer.Reveal())), "y")
}

// secret takes one from standard input or the terminal for a file beside the
// configuration.
func (s *start) secret(section, key, file string, fromStdin bool, question, flag string) error {
	if !fromStdin && !s.asking {
		return &hintError{fmt.Errorf("%s: not given", question), "give it on standard input: --" + flag}
	}
	if err := s.free(s.beside(file)); err != nil {
		return err
	}
	text, err := password(fromStdin, question)
	if err == nil && text.Empty() {
		err = fmt.Errorf("%s: it is empty", question)
	}
	if err != nil {
		return err
	}
	s.secrets[file] = text
	s.set(section, key, file)
	return nil
}

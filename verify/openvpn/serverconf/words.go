package serverconf

import (
	"errors"
	"fmt"
	"strings"
)

// Limits of OpenVPN's reader (src/openvpn/options.h).
const (
	maxWords = 16  // on one line, the option's name included (MAX_PARMS)
	maxWord  = 256 // bytes (OPTION_PARM_SIZE)
	maxLine  = 255 // bytes with its end (OPTION_LINE_SIZE less one)
	maxDepth = 10  // files within files (max_recursive_levels)
)

// The states of the reader of a line.
const (
	between = iota
	plain
	doubleQuoted
	singleQuoted
)

// splitter takes a line apart as OpenVPN does (src/openvpn/options_parse.c,
// parse_line).
type splitter struct {
	state int
	word  []byte
	words []string
}

// words returns the words of a line, nil when it is empty or a comment. Words
// after the sixteenth are left out, as OpenVPN does. An error means that OpenVPN
// does not start with this line. It quotes nothing: a line may hold a password.
func words(line string) ([]string, error) {
	line, _, _ = strings.Cut(line, "\x00") // a C string ends there
	var s splitter
	escaped := false
	for i := 0; i <= len(line); i++ {
		c := byte(0) // the end of the line is read as a character
		if i < len(line) {
			c = line[i]
		}
		if c == '\\' && !escaped && s.state != singleQuoted {
			escaped = true
			continue
		}
		if s.state == between && (c == '#' || c == ';') {
			break
		}
		if err := s.take(c, escaped); err != nil {
			return nil, err
		}
		escaped = false
		if len(s.words) == maxWords {
			break
		}
	}
	return s.words, s.unfinished()
}

// take reads one character; escaped tells that a backslash came before it.
func (s *splitter) take(c byte, escaped bool) error {
	switch {
	case s.state == between && isSpace(c):
		return nil
	case s.state == between && c == '"' && !escaped:
		s.state = doubleQuoted
		return nil
	case s.state == between && c == '\'' && !escaped:
		s.state = singleQuoted
		return nil
	case s.state == between:
		s.state = plain
	case s.state == plain && !escaped && isSpace(c),
		s.state == doubleQuoted && !escaped && c == '"',
		s.state == singleQuoted && c == '\'':
		s.words = append(s.words, string(s.word))
		s.word, s.state = s.word[:0], between
		return nil
	}
	if c == 0 {
		return nil
	}
	if escaped && c != '\\' && c != '"' && !isSpace(c) {
		return errors.New(`a backslash may stand before a space, a double quote or another backslash only; within '…' it is a character like others`)
	}
	if len(s.word) == maxWord {
		return fmt.Errorf("a word is longer than %d bytes", maxWord)
	}
	s.word = append(s.word, c)
	return nil
}

func (s *splitter) unfinished() error {
	switch s.state {
	case doubleQuoted:
		return errors.New(`the closing " is missing`)
	case singleQuoted:
		return errors.New("the closing ' is missing")
	case plain:
		return errors.New("a backslash stands at the end of the file")
	}
	return nil
}

// isSpace is C's isspace, and the end of a string.
func isSpace(c byte) bool { return c == 0 || c == ' ' || '\t' <= c && c <= '\r' }

// Quote makes one word of text for a server.conf. Text with a NUL byte has no
// such form.
func Quote(text string) string {
	if text != "" && !strings.ContainsAny(text, " \t\n\v\f\r\"'\\#;") {
		return text
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

package serverconf

import (
	"bufio"
	"bytes"
	"strings"
)

// lines reads a file's lines (src/openvpn/options_parse.c, read_config_file).
func (r *reader) lines(path, content string) {
	content = strings.TrimPrefix(content, "\ufeff")
	scan := bufio.NewScanner(strings.NewReader(content))
	scan.Buffer(nil, maxSize+1)
	scan.Split(scanWhole)
	for number := 1; scan.Scan(); number++ {
		at := Place{path, number}
		if len(scan.Text()) > maxLine {
			r.fault(at, "the line is longer than %d bytes", maxLine)
			continue
		}
		words, err := words(scan.Text())
		if err != nil {
			r.fault(at, "%v", err)
			continue
		}
		if len(words) == 0 {
			continue
		}
		words[0] = withoutDashes(words[0])
		if tag, inline := inlineTag(words); inline {
			n, closed := skipInline(scan, tag)
			if !closed {
				r.fault(at, "</%s> is missing", tag)
				return
			}
			number += n
			words = []string{tag, "[inline]"}
		}
		r.directive(Directive{at, withoutOpt(words)})
	}
}

// scanWhole is bufio.ScanLines that keeps the end of the line: it counts for the
// line's length, and a backslash before it is one before a space.
func scanWhole(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

func withoutDashes(word string) string {
	if len(word) >= 3 {
		return strings.TrimPrefix(word, "--")
	}
	return word
}

// withoutOpt: "setenv opt" before an option only forgives OpenVPN that does not know it.
func withoutOpt(words []string) []string {
	if len(words) > 2 && words[0] == "setenv" && words[1] == "opt" {
		return words[2:]
	}
	return words
}

// inlineTag: a line <ca> begins a file's content, up to </ca>.
func inlineTag(words []string) (tag string, inline bool) {
	w := words[0]
	if len(words) == 1 && len(w) > 2 && w[0] == '<' && w[len(w)-1] == '>' {
		return w[1 : len(w)-1], true
	}
	return "", false
}

func skipInline(scan *bufio.Scanner, tag string) (lines int, closed bool) {
	for scan.Scan() {
		lines++
		if strings.HasPrefix(strings.TrimLeft(scan.Text(), " \t\n\v\f\r"), "</"+tag+">") {
			return lines, true
		}
	}
	return lines, false
}

package manual

import (
	"fmt"
	"regexp"
	"strings"
)

// section is one of the configuration, with its keys in the order of the example.
type section struct {
	name string
	keys []key
}

type key struct {
	name    string
	value   string // as the example has it
	help    string
	initial string // what holds where the file says nothing; "" where nothing does
}

var (
	sectionLine = regexp.MustCompile(`^\[([a-z]+)\]$`)
	keyLine     = regexp.MustCompile(`^(?:# )?([a-z_]+) = (".*?"|\[.*?\]|[^ #]+) *(?:# *(.*))?$`)
	moreLine    = regexp.MustCompile(`^# {2,}#? *(.*)$|^ +# *(.*)$`)
)

// parse reads the commented example: a key's text stands behind it and goes on in
// the lines below it that hold nothing else.
func parse(example string) ([]*section, error) {
	var sections []*section
	var last *key
	for n, line := range strings.Split(example, "\n") {
		if m := sectionLine.FindStringSubmatch(line); m != nil {
			sections = append(sections, &section{name: m[1]})
			last = nil
			continue
		}
		if len(sections) == 0 || line == "" {
			continue
		}
		current := sections[len(sections)-1]
		if m := keyLine.FindStringSubmatch(line); m != nil {
			current.keys = append(current.keys, key{name: m[1], value: m[2], help: m[3]})
			last = &current.keys[len(current.keys)-1]
			continue
		}
		m := moreLine.FindStringSubmatch(line)
		if m == nil || last == nil {
			return nil, fmt.Errorf("line %d is neither a key nor text of one: %q", n+1, line)
		}
		last.help = strings.TrimSpace(last.help + "\n" + m[1] + m[2])
	}
	return sections, nil
}

// addDefaults takes over what `config show` prints without a configuration.
func addDefaults(sections []*section, shown string) []error {
	var untold []error
	current := ""
	for line := range strings.SplitSeq(shown, "\n") {
		if m := sectionLine.FindStringSubmatch(line); m != nil {
			current = m[1]
			continue
		}
		name, value, isKey := strings.Cut(line, " = ")
		if !isKey {
			continue
		}
		k := find(sections, current, name)
		if k == nil {
			untold = append(untold, fmt.Errorf("[%s] %s is not in the example", current, name))
			continue
		}
		if k.help == "" {
			untold = append(untold, fmt.Errorf("[%s] %s has no text in the example", current, name))
		}
		k.initial = value
	}
	return untold
}

func find(sections []*section, name, keyName string) *key {
	for _, s := range sections {
		for i := range s.keys {
			if s.name == name && s.keys[i].name == keyName {
				return &s.keys[i]
			}
		}
	}
	return nil
}

package main

import (
	"fmt"
	"regexp"
	"strings"
)

// column is where comments begin in the example.
const column = 33

// fill is the commented example with these settings in place of its own.
func fill(settings []setting) (string, error) {
	left := map[string]string{}
	for _, s := range settings {
		left[s.section+"."+s.key] = s.value
	}
	exampleSection := regexp.MustCompile(`^\[([a-z]+)\]$`)
	exampleLine := regexp.MustCompile(`^(?:# )?([a-z_]+) = (.*?)(\s+#.*)?$`)
	section := ""
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSuffix(example, "\n"), "\n") {
		if m := exampleSection.FindStringSubmatch(line); m != nil {
			section = m[1]
		} else if m := exampleLine.FindStringSubmatch(line); m != nil {
			if value, set := left[section+"."+m[1]]; set {
				delete(left, section+"."+m[1])
				line = m[1] + " = " + value
				if comment := strings.TrimSpace(m[3]); comment != "" {
					line = fmt.Sprintf("%-*s%s", column, line+" ", comment)
				}
			}
		}
		b.WriteString(line + "\n")
	}
	for key := range left {
		return "", fmt.Errorf("the example has no key %s", key)
	}
	return b.String(), nil
}

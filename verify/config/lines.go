package config

import (
	"bytes"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// lineIndex has the line of every key ("ldap.urls") and section ("ldap").
type lineIndex map[string]int

// LineOf is where a key stands in the file, or its section, or 0.
func LineOf(path, key string) int {
	content, err := read(path)
	if err != nil {
		return 0
	}
	return indexLines(content).lineOf(key)
}

// indexLines walks content, which is known to be TOML.
func indexLines(content []byte) lineIndex {
	index := lineIndex{}
	var p unstable.Parser
	p.Reset(content)
	section := ""
	for p.NextExpression() {
		node := p.Expression()
		key, line := keyOf(&p, content, node)
		switch node.Kind {
		case unstable.Table, unstable.ArrayTable:
			section = key
			index.add(section, line)
		case unstable.KeyValue:
			index.addValue(&p, content, join(section, key), line, node.Value())
		}
	}
	return index
}

// addValue also indexes what stands in an inline table: ldap = {timeout = "5s"}.
func (x lineIndex) addValue(p *unstable.Parser, content []byte, key string, line int, value *unstable.Node) {
	x.add(key, line)
	if value.Kind != unstable.InlineTable {
		return
	}
	for items := value.Children(); items.Next(); {
		item := items.Node()
		inner, line := keyOf(p, content, item)
		x.addValue(p, content, join(key, inner), line, item.Value())
	}
}

func (x lineIndex) add(key string, line int) {
	if _, known := x[key]; !known {
		x[key] = line
	}
}

// has tells whether the key itself is there, and not only its section.
func (x lineIndex) has(key string) bool { _, there := x[key]; return there }

func keyOf(p *unstable.Parser, content []byte, node *unstable.Node) (key string, line int) {
	var parts []string
	for keys := node.Key(); keys.Next(); {
		part := keys.Node()
		if line == 0 && part.Raw.Length > 0 {
			line = 1 + bytes.Count(content[:part.Raw.Offset], []byte("\n"))
		}
		parts = append(parts, string(part.Data))
	}
	return strings.Join(parts, "."), line
}

func join(section, key string) string {
	if section == "" {
		return key
	}
	return section + "." + key
}

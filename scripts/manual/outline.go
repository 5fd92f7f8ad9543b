// Package manual writes what goes beside the program: the manual pages and the
// completions of three shells. All of it comes from the grammar of the command
// line and from the commented example of a configuration, so that neither has to
// be told twice. It is no part of the program, which would start later with it.
package manual

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Kinds of values that a flag or an argument takes.
const (
	takesNothing = iota
	takesText
	takesFile
	takesFolder
	takesChoice
)

// command is one that can be typed, the program alone included.
type command struct {
	words     []string // "totp", "enroll"; none for the program alone
	help      string
	inner     []*command
	flags     []flag // its own
	arguments []argument
}

type flag struct {
	name, help, value string // value is the word for it in help texts
	short             rune
	kind              int
	choices           []string
}

type argument struct {
	name, help string
	optional   bool
	kind       int
}

// outline is the grammar as people see it: nothing that is hidden.
func outline(app *kong.Application) *command {
	root := outlineOf(app.Node, nil)
	root.flags = slices.DeleteFunc(root.flags, func(f flag) bool { return f.name == "help" })
	return root
}

func outlineOf(node *kong.Node, words []string) *command {
	c := &command{words: words, help: node.Help}
	for _, f := range node.Flags {
		if !f.Hidden {
			c.flags = append(c.flags, flagOf(f))
		}
	}
	for _, p := range node.Positional {
		c.arguments = append(c.arguments, argument{strings.ToUpper(p.Name), p.Help, !p.Required, kindOf(strings.ToUpper(p.Name))})
	}
	for _, child := range node.Children {
		if !child.Hidden {
			c.inner = append(c.inner, outlineOf(child, append(slices.Clone(words), child.Name)))
		}
	}
	return c
}

func flagOf(f *kong.Flag) flag {
	made := flag{name: f.Name, help: f.Help, short: f.Short}
	switch {
	case f.IsBool():
	case f.Enum != "":
		made.kind = takesChoice
		made.choices = slices.DeleteFunc(f.EnumSlice(), func(s string) bool { return s == "" })
		made.value = strings.Join(made.choices, "|")
	default:
		made.value = f.FormatPlaceHolder()
		made.kind = kindOf(made.value)
	}
	return made
}

// kindOf goes by the word that help texts have for a value.
func kindOf(word string) int {
	switch strings.TrimSuffix(word, ",...") {
	case "FILE":
		return takesFile
	case "DIR":
		return takesFolder
	default:
		return takesText
	}
}

// all are the command and those in it, in the order of the grammar.
func (c *command) all() []*command {
	list := []*command{c}
	for _, inner := range c.inner {
		list = append(list, inner.all()...)
	}
	return list
}

// path is how the completions keep in mind where they are.
func (c *command) path() string {
	if len(c.words) == 0 {
		return ""
	}
	return "/" + strings.Join(c.words, "/")
}

// Untold lists every command, flag and argument without a text.
func Untold(app *kong.Application) []string {
	var untold []string
	for _, c := range outline(app).all() {
		name := strings.Join(c.words, " ")
		if c.help == "" {
			untold = append(untold, fmt.Sprintf("%q has no help", name))
		}
		for _, f := range c.flags {
			if f.help == "" {
				untold = append(untold, fmt.Sprintf("%q: --%s has no help", name, f.name))
			}
			if f.kind != takesNothing && (f.value == "" || f.value != strings.ToUpper(f.value) && f.kind != takesChoice) {
				untold = append(untold, fmt.Sprintf("%q: --%s has no placeholder", name, f.name))
			}
		}
		for _, a := range c.arguments {
			if a.help == "" {
				untold = append(untold, fmt.Sprintf("%q: %s has no help", name, a.name))
			}
		}
	}
	return untold
}

package manual

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// flagsWith are the names, with dashes, of all flags that take such a value.
func flagsWith(root *command, kinds ...int) []string {
	found := map[string]bool{}
	for _, c := range root.all() {
		for _, f := range c.flags {
			if slices.Contains(kinds, f.kind) {
				found["--"+f.name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// places are the paths of all commands but the program itself.
func places(root *command) []string {
	var paths []string
	for _, c := range root.all()[1:] {
		paths = append(paths, c.path())
	}
	return paths
}

// words are what may stand next in c: commands, the flags of c and those of all
// commands.
func words(root, c *command) []string {
	var list []string
	for _, inner := range c.inner {
		list = append(list, inner.words[len(inner.words)-1])
	}
	for _, f := range flagsIn(root, c) {
		list = append(list, "--"+f.name)
	}
	return list
}

func flagsIn(root, c *command) []flag {
	help := flag{name: "help", help: "Show what can be typed here."}
	if c == root {
		return append(slices.Clone(root.flags), help)
	}
	return append(slices.Concat(c.flags, root.flags), help)
}

// choices calls f for every flag that takes one of some words.
func choices(root *command, f func(name string, of []string)) {
	told := map[string]bool{}
	for _, c := range root.all() {
		for _, flag := range c.flags {
			if flag.kind == takesChoice && !told[flag.name] {
				told[flag.name] = true
				f("--"+flag.name, flag.choices)
			}
		}
	}
}

// takesFiles tells whether an argument of c is a file.
func (c *command) takesFiles() bool {
	return slices.ContainsFunc(c.arguments, func(a argument) bool { return a.kind == takesFile })
}

// alternatives are the patterns of one branch of a shell's case.
func alternatives(list []string) string { return strings.Join(list, " | ") }

// Bash writes the completions of bash.
func Bash(w io.Writer, app *kong.Application) error {
	root := outline(app)
	var b strings.Builder
	fmt.Fprintf(&b, `# bash completion for ovpn-verify
_ovpn_verify() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at= i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		%s) ((i++)) ;;
		*)
			case $at/${COMP_WORDS[i]} in
			%s) at=$at/${COMP_WORDS[i]} ;;
			esac
			;;
		esac
	done
	case $prev in
`, alternatives(flagsWith(root, takesText, takesFile, takesFolder, takesChoice)), alternatives(places(root)))
	branch(&b, flagsWith(root, takesFile), `compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); return`)
	branch(&b, flagsWith(root, takesFolder), `compopt -o filenames; COMPREPLY=($(compgen -d -- "$cur")); return`)
	choices(root, func(name string, of []string) {
		branch(&b, []string{name}, fmt.Sprintf(`COMPREPLY=($(compgen -W "%s" -- "$cur")); return`, strings.Join(of, " ")))
	})
	branch(&b, flagsWith(root, takesText), "return")
	b.WriteString("\tesac\n\tcase $at in\n")
	for _, c := range root.all() {
		fmt.Fprintf(&b, "\t%q) COMPREPLY=($(compgen -W \"%s\" -- \"$cur\"))", c.path(), strings.Join(words(root, c), " "))
		if c.takesFiles() {
			b.WriteString(`; [[ $cur == -* ]] || { compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")); }`)
		}
		b.WriteString(" ;;\n")
	}
	b.WriteString("\tesac\n}\ncomplete -F _ovpn_verify ovpn-verify\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// branch writes one branch of a shell's case, when there is anything for it.
func branch(b *strings.Builder, patterns []string, do string) {
	if len(patterns) > 0 {
		fmt.Fprintf(b, "\t%s) %s ;;\n", alternatives(patterns), do)
	}
}

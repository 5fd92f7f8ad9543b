package manual

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// Zsh writes the completions of zsh, with the texts of commands and flags.
func Zsh(w io.Writer, app *kong.Application) error {
	root := outline(app)
	var b strings.Builder
	fmt.Fprintf(&b, `#compdef ovpn-verify
_ovpn_verify() {
	local at= i
	local -a commands flags
	for ((i = 2; i < CURRENT; i++)); do
		case $words[i] in
		%s) ((i++)) ;;
		*)
			case $at/$words[i] in
			%s) at=$at/$words[i] ;;
			esac
			;;
		esac
	done
	case $words[CURRENT-1] in
`, alternatives(flagsWith(root, takesText, takesFile, takesFolder, takesChoice)), alternatives(places(root)))
	branch(&b, flagsWith(root, takesFile), "_files; return")
	branch(&b, flagsWith(root, takesFolder), "_files -/; return")
	choices(root, func(name string, of []string) {
		branch(&b, []string{name}, "compadd "+strings.Join(of, " ")+"; return")
	})
	branch(&b, flagsWith(root, takesText), "return 1")
	b.WriteString("\tesac\n\tcase $at in\n")
	for _, c := range root.all() {
		fmt.Fprintf(&b, "\t%q)\n\t\tcommands=(%s)\n\t\tflags=(%s)\n", c.path(), describedCommands(c), describedFlags(root, c))
		if c.takesFiles() {
			b.WriteString("\t\t[[ $PREFIX == -* ]] || { _files; return }\n")
		}
		b.WriteString("\t\t;;\n")
	}
	b.WriteString(`	esac
	if [[ $PREFIX == -* ]] || ((! $#commands)); then
		_describe -o flag flags
	else
		_describe command commands
	fi
}
_ovpn_verify "$@"
`)
	_, err := io.WriteString(w, b.String())
	return err
}

func describedCommands(c *command) string {
	var list []string
	for _, inner := range c.inner {
		list = append(list, described(inner.words[len(inner.words)-1], inner.help))
	}
	return strings.Join(list, " ")
}

func describedFlags(root, c *command) string {
	var list []string
	for _, f := range flagsIn(root, c) {
		list = append(list, described("--"+f.name, f.help))
	}
	return strings.Join(list, " ")
}

// described is a word with its text, which a colon parts.
func described(word, help string) string {
	return shellQuote(strings.ReplaceAll(word, ":", `\:`) + ":" + help)
}

// shellQuote makes one word of text, in bash, zsh and fish alike.
func shellQuote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

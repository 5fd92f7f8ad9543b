package manual

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// Fish writes the completions of fish, with the texts of commands and flags.
func Fish(w io.Writer, app *kong.Application) error {
	root := outline(app)
	var b strings.Builder
	fmt.Fprintf(&b, `# fish completion for ovpn-verify
function __ovpn_verify_at
	set -l at
	set -l skip 0
	for word in (commandline -opc)[2..-1]
		if test $skip = 1
			set skip 0
			continue
		end
		switch $word
			case %s
				set skip 1
			case '*'
				switch "$at/$word"
					case %s
						set at "$at/$word"
				end
		end
	end
	test "$at" = "$argv[1]"
end
complete -c ovpn-verify -f
`, strings.Join(flagsWith(root, takesText, takesFile, takesFolder, takesChoice), " "), strings.Join(places(root), " "))
	for _, c := range root.all() {
		here := "complete -c ovpn-verify -n " + shellQuote(`__ovpn_verify_at "`+c.path()+`"`)
		for _, inner := range c.inner {
			fmt.Fprintf(&b, "%s -a %s -d %s\n", here, inner.words[len(inner.words)-1], shellQuote(inner.help))
		}
		for _, f := range flagsIn(root, c) {
			fmt.Fprintf(&b, "%s -l %s%s -d %s\n", here, f.name, fishValue(f), shellQuote(f.help))
		}
		if c.takesFiles() {
			fmt.Fprintf(&b, "%s -F\n", here)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func fishValue(f flag) string {
	switch f.kind {
	case takesNothing:
		return ""
	case takesFile:
		return " -r -F"
	case takesFolder:
		return " -x -a '(__fish_complete_directories)'"
	case takesChoice:
		return " -x -a " + shellQuote(strings.Join(f.choices, " "))
	default:
		return " -x"
	}
}

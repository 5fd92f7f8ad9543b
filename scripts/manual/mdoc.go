package manual

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// page is a manual page in the language mdoc(7) while it is written.
type page struct{ strings.Builder }

func newPage(date time.Time) *page {
	p := &page{}
	p.macro("Dd", date.UTC().Format("January 2, 2006"))
	return p
}

// macro is a line of one; its arguments are words, or escaped and quoted.
func (p *page) macro(words ...string) {
	p.WriteString("." + strings.Join(words, " ") + "\n")
}

// text is free text, in which nothing is a macro, in lines that fit a terminal;
// a sentence begins a line, as mdoc(7) has it.
func (p *page) text(text string) {
	const width = 78
	line := ""
	flush := func() {
		if line != "" {
			p.WriteString(plain(line) + "\n")
		}
		line = ""
	}
	for w := range strings.FieldsSeq(text) {
		if len(line)+1+len(w) > width || strings.HasSuffix(line, ".") {
			flush()
		}
		line = strings.TrimSpace(line + " " + w)
	}
	flush()
}

// plain escapes what roff takes for its own. `code` is set in bold.
func plain(line string) string {
	line = strings.ReplaceAll(line, `\`, `\e`)
	line = strings.NewReplacer("…", "...", "–", `\(en`, "→", `\(->`, "“", `\(lq`, "”", `\(rq`).Replace(line)
	for strings.Count(line, "`") >= 2 {
		line = strings.Replace(line, "`", `\fB`, 1)
		line = strings.Replace(line, "`", `\fR`, 1)
	}
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		line = `\&` + line
	}
	return line
}

// word is one argument of a macro, never taken for a macro itself.
func word(text string) string {
	return `"\&` + strings.ReplaceAll(plain(text), `"`, `""`) + `"`
}

// Program writes the manual page of the program, ovpn-verify(8).
func Program(w io.Writer, app *kong.Application, date time.Time) error {
	root := outline(app)
	p := newPage(date)
	p.WriteString(programHead)
	p.macro("Sh COMMANDS")
	p.macro("Bl -tag -width Ds")
	for _, c := range root.all() {
		if len(c.words) > 0 && len(c.inner) == 0 {
			p.command(c)
		}
	}
	p.macro("El")
	p.macro("Pp")
	p.text("These go with every command:")
	p.macro("Bl -tag -width Ds")
	p.flags(root.flags)
	p.macro("El")
	p.WriteString(programTail)
	_, err := io.WriteString(w, p.String())
	return err
}

func (p *page) command(c *command) {
	var line strings.Builder
	line.WriteString("It Cm " + strings.Join(c.words, " "))
	for _, f := range c.flags {
		line.WriteString(" Oo " + mdocFlag(f) + " Oc")
	}
	for _, a := range c.arguments {
		if a.optional {
			line.WriteString(" Op Ar " + a.name)
		} else {
			line.WriteString(" Ar " + a.name)
		}
	}
	p.macro(line.String())
	p.text(c.help)
	if len(c.arguments)+len(c.flags) == 0 {
		return
	}
	p.macro("Bl -tag -width Ds")
	for _, a := range c.arguments {
		p.macro("It Ar " + a.name)
		p.text(a.help)
	}
	p.flags(c.flags)
	p.macro("El")
}

func (p *page) flags(flags []flag) {
	for _, f := range flags {
		p.macro("It " + mdocFlag(f))
		p.text(f.help)
	}
}

func mdocFlag(f flag) string {
	text := "Fl Fl " + f.name
	switch f.kind {
	case takesNothing:
	case takesChoice:
		text += " Ns = Ns Cm " + strings.ReplaceAll(f.value, "|", " | ")
	default:
		text += " Ns = Ns Ar " + strings.TrimSuffix(f.value, ",...")
	}
	if f.short != 0 {
		text = fmt.Sprintf("Fl %c , ", f.short) + text
	}
	return text
}

package manual

import (
	"errors"
	"io"
	"strings"
	"time"

	"ovpn-verify/verify/config"
)

// Configuration writes the manual page of the configuration, ovpn-verify.toml(5).
// example is the commented start of one: a key without a text in it is an error.
func Configuration(w io.Writer, example string, date time.Time) error {
	sections, err := parse(example)
	if err != nil {
		return err
	}
	defaults := config.Default()
	defaults.LDAP = defaults.LDAP.Resolved()
	var shown strings.Builder
	if err := config.Write(&shown, defaults); err != nil {
		return err
	}
	if err := errors.Join(addDefaults(sections, shown.String())...); err != nil {
		return err
	}
	p := newPage(date)
	p.WriteString(configurationHead)
	for _, s := range sections {
		p.macro(`Ss \&[` + s.name + `]\&`) // neither a macro nor the end of a sentence
		p.macro("Bl -tag -width Ds")
		for _, k := range s.keys {
			p.key(k)
		}
		p.macro("El")
	}
	p.WriteString(configurationTail)
	_, err = io.WriteString(w, p.String())
	return err
}

func (p *page) key(k key) {
	p.macro("It Cm", word(k.name+" = "+k.value))
	p.text(k.help)
	if same(k.initial, k.value) {
		return
	}
	p.macro("Pp")
	if strings.Trim(k.initial, `"[]`) == "" {
		p.text("Empty by default.")
	} else {
		p.text("Default: " + k.initial)
	}
}

// same takes two ways to write a time for one.
func same(a, b string) bool {
	t, err := time.ParseDuration(strings.Trim(a, `"`))
	u, err2 := time.ParseDuration(strings.Trim(b, `"`))
	return a == b || err == nil && err2 == nil && t == u
}

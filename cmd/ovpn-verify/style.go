package main

import (
	"os"

	"golang.org/x/term"
)

// style marks what a person should see first. The zero style changes nothing.
type style struct{ coloured bool }

// styleOf is for what is written to f: plain text unless a terminal shows it that
// knows colours, to somebody who wants them (NO_COLOR, see no-color.org).
//
// Escapes have no width: pad first, then colour.
func styleOf(f *os.File) style {
	name := os.Getenv("TERM")
	return style{os.Getenv("NO_COLOR") == "" && name != "" && name != "dumb" && term.IsTerminal(int(f.Fd()))}
}

func (s style) bold(text string) string   { return s.sgr("1", text) }
func (s style) red(text string) string    { return s.sgr("31", text) }
func (s style) green(text string) string  { return s.sgr("32", text) }
func (s style) yellow(text string) string { return s.sgr("33", text) }

// sgr is ECMA-48's Select Graphic Rendition around the text.
func (s style) sgr(code, text string) string {
	if !s.coloured || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

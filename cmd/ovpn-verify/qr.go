package main

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
	"rsc.io/qr"
)

// How `--qr` draws a code in the terminal.
const (
	qrAuto  = "auto"
	qrNone  = "none"
	qrUTF8  = "utf8"  // half blocks: two modules in each character
	qrASCII = "ascii" // two characters for each module
)

// quiet is the margin that QR codes need (ISO/IEC 18004), in modules.
const quiet = 4

// The colours of the code are a part of it: many phones do not read light on
// dark. So they are always said, also with NO_COLOR, and by the numbers that no
// palette changes: 16 is black and 231 is white.
const (
	qrBlackOnWhite = "\x1b[38;5;16;48;5;231m"
	qrBlack        = "\x1b[38;5;16;48;5;16m"
	qrEnd          = "\x1b[0m"
)

// newQR takes the smallest code for the text, with as much redundancy as has room in it.
func newQR(text string) (*qr.Code, error) {
	smallest, err := qr.Encode(text, qr.L)
	if err != nil {
		return nil, fmt.Errorf("qr code: %w", err)
	}
	for level := qr.H; level > qr.L; level-- {
		if code, err := qr.Encode(text, level); err == nil && code.Size == smallest.Size {
			return code, nil
		}
	}
	return smallest, nil
}

// drawQR returns lines of text, and their size.
func drawQR(code *qr.Code, kind string) (text string, columns, rows int) {
	side := code.Size + 2*quiet
	var b strings.Builder
	if kind == qrUTF8 {
		for y := -quiet; y < code.Size+quiet; y += 2 {
			b.WriteString(qrBlackOnWhite + halfBlocks(code, y) + qrEnd + "\n")
		}
		return b.String(), side, (side + 1) / 2
	}
	for y := -quiet; y < code.Size+quiet; y++ {
		b.WriteString(pairs(code, y) + qrEnd + "\n")
	}
	return b.String(), 2 * side, side
}

// halfBlocks are two rows of modules, the row y above.
func halfBlocks(code *qr.Code, y int) string {
	var b strings.Builder
	for x := -quiet; x < code.Size+quiet; x++ {
		switch above, below := code.Black(x, y), code.Black(x, y+1); {
		case above && below:
			b.WriteString("█")
		case above:
			b.WriteString("▀")
		case below:
			b.WriteString("▄")
		default:
			b.WriteString(" ")
		}
	}
	return b.String()
}

// pairs is a row of modules: "##" for a dark one, black on black.
func pairs(code *qr.Code, y int) string {
	var b strings.Builder
	dark := true // so that the first, which is light, says its colour
	for x := -quiet; x < code.Size+quiet; x++ {
		if black := code.Black(x, y); black != dark {
			dark = black
			b.WriteString(map[bool]string{true: qrBlack, false: qrBlackOnWhite}[dark])
		}
		b.WriteString(map[bool]string{true: "##", false: "  "}[dark])
	}
	return b.String()
}

// qrFor decides what `--qr auto` means: a code where a terminal can show one.
func qrFor(kind string, terminal bool) string {
	if kind != qrAuto {
		return kind
	}
	if name := os.Getenv("TERM"); !terminal || name == "" || name == "dumb" {
		return qrNone
	}
	return qrUTF8
}

// warnOfSize: a code that does not fit is wrapped or scrolled out of sight.
func warnOfSize(f *os.File, columns, rows int) {
	width, height, err := term.GetSize(int(f.Fd()))
	if err == nil && (width < columns || height <= rows) {
		fmt.Fprintf(os.Stderr, "%s the window has %d columns and %d lines, the QR code needs %d and %d: enlarge it, or write a picture with --png FILE\n",
			styleOf(os.Stderr).yellow("warning:"), width, height, columns, rows+1)
	}
}

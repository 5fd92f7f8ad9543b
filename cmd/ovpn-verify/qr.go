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
	qrASCII = "ascii" // two spaces for each module, in its colour
)

// quiet is the margin that QR codes need (ISO/IEC 18004), in modules.
const quiet = 4

// The colours of the code are a part of it: many phones do not read light on
// dark. So they are always said, also with NO_COLOR, and by the numbers that no
// palette changes: 16 is black and 231 is white.
const (
	qrLight = "\x1b[38;5;16;48;5;231m" // black on white
	qrDark  = "\x1b[38;5;231;48;5;16m" // white on black
	qrEnd   = "\x1b[0m"
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
	columns, rows, step, cell := 2*side, side, 1, pair
	if kind == qrUTF8 {
		columns, rows, step, cell = side, (side+1)/2, 2, halfBlocks
	}
	var b strings.Builder
	for y := -quiet; y < code.Size+quiet; y += step {
		colours := "" // unknown
		for x := -quiet; x < code.Size+quiet; x++ {
			black, text := cell(code, x, y)
			if wanted := map[bool]string{true: qrDark, false: qrLight}[black]; wanted != colours {
				colours = wanted
				b.WriteString(wanted)
			}
			b.WriteString(text)
		}
		b.WriteString(qrEnd + "\n")
	}
	return b.String(), columns, rows
}

// pair is a module as two characters: nothing but their background.
func pair(code *qr.Code, x, y int) (black bool, text string) { return code.Black(x, y), "  " }

// halfBlocks are a module and the one below it in one character. A background
// fills its cell, but a block leaves a line at its outer edge where the font's size
// is an odd one, and through such a line zbar does not find the code any more. So
// there are no full blocks, and of the two halves the one is taken whose line has
// the colour of what is beyond it; that keeps the three corners whole.
func halfBlocks(code *qr.Code, x, y int) (black bool, text string) {
	above, below := code.Black(x, y), code.Black(x, y+1)
	switch {
	case above == below:
		return above, " "
	case code.Black(x, y-1) == below:
		return below, "▀"
	}
	return above, "▄"
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

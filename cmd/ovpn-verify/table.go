package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// printTable aligns columns for a person. The header comes first, in bold.
func printTable(w io.Writer, s style, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for n, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			fmt.Fprintf(&b, "%-*s  ", widths[i], cell)
		}
		line := strings.TrimRight(b.String(), " ")
		if n == 0 {
			line = s.bold(line)
		}
		fmt.Fprintln(w, line)
	}
}

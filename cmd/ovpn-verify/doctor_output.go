package main

import (
	"encoding/json"
	"fmt"
	"os"

	"ovpn-verify/doctor"
	"ovpn-verify/verify/openvpn/serverconf"
)

// tellAreas is the list for people: what is well in green, and below what is not
// each finding with its effect and what mends it.
func tellAreas(areas []doctor.Area) {
	s := styleOf(os.Stdout)
	for _, a := range areas {
		mark := s.green("ok ")
		switch {
		case !a.Fine():
			mark = s.red("!! ")
		case a.Unknown():
			mark = s.yellow("-- ")
		}
		fmt.Printf("%s %-14s %s\n", mark, a.Name, shown(a.Seen))
		for _, f := range a.Findings {
			what, effect, mend := f.Lines()
			fmt.Printf("    %s\n        %s\n", s.severity(f.Severity)(what), effect)
			if mend != "" {
				fmt.Printf("        %s\n", s.bold(mend))
			}
		}
	}
}

func (s style) severity(v serverconf.Severity) func(string) string {
	switch v {
	case serverconf.Problem:
		return s.red
	case serverconf.Warning:
		return s.yellow
	}
	return func(text string) string { return text }
}

// doctorJSON is what `doctor --json` prints; docs/doctor-json.md says what it means.
type doctorJSON struct {
	Fine  bool          `json:"fine"`
	Areas []doctor.Area `json:"areas"`
}

func printReport(areas []doctor.Area) error {
	doc := doctorJSON{Fine: doctor.Fine(areas), Areas: areas}
	for i := range doc.Areas {
		if doc.Areas[i].Findings == nil {
			doc.Areas[i].Findings = []doctor.Finding{}
		}
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(doc)
}

package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every field of the document has a line on its page, and every line a field.
func TestThePageOfDoctorJSONHasEveryField(t *testing.T) {
	page, err := os.ReadFile("../../docs/doctor-json.md")
	if err != nil {
		t.Fatal(err)
	}
	s := newSetup(t, "script-security")
	out, _ := s.doctor(t, "--json")
	var doc any
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	fields := map[string]bool{}
	fieldsIn(doc, "", fields)
	for name := range fields {
		short := strings.TrimPrefix(name, "areas[].findings[].")
		if !strings.Contains(string(page), "\n| `"+short+"` |") {
			t.Errorf("no line for %s", name)
		}
	}
	for _, line := range regexp.MustCompile("(?m)^\\| `([a-z_.\\[\\]]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		if !fields[line[1]] && !fields["areas[].findings[]."+line[1]] {
			t.Errorf("there is no %s", line[1])
		}
	}
}

// fieldsIn are the paths of all fields.
func fieldsIn(value any, path string, fields map[string]bool) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			fields[path+name] = true
			fieldsIn(inner, path+name+".", fields)
		}
	case []any:
		for _, inner := range v {
			fieldsIn(inner, strings.TrimSuffix(path, ".")+"[].", fields)
		}
	}
}

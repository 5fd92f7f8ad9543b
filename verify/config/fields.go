package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// decode fills c from the tree and returns every unknown key and wrong type.
// A library's decoder stops at the first wrong type.
func decode(c *Config, tree map[string]any) []error {
	var faults []error
	sections := fieldsOf(reflect.ValueOf(c).Elem())
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		section, known := sections[name]
		table, isTable := tree[name].(map[string]any)
		switch {
		case !known && isTable:
			faults = append(faults, unknownSection(name, sections))
		case !known:
			faults = append(faults, outside(name, sections))
		case !isTable:
			faults = append(faults, fmt.Errorf("%s must be a section, [%s]", name, name))
		default:
			faults = append(faults, decodeSection(name, section, table)...)
		}
	}
	return faults
}

func decodeSection(section string, into reflect.Value, table map[string]any) []error {
	var faults []error
	keys := fieldsOf(into)
	for _, name := range slices.Sorted(maps.Keys(table)) {
		field, known := keys[name]
		if !known {
			faults = append(faults, unknownIn(section, name, keys))
			continue
		}
		if want := set(field, table[name]); want != "" {
			faults = append(faults, fmt.Errorf("%s.%s must be %s, not %s", section, name, want, kindOf(table[name])))
		}
	}
	return faults
}

func unknownSection(name string, sections map[string]reflect.Value) error {
	e := &unknownKey{name: name, suggestion: nearest(name, slices.Collect(maps.Keys(sections)))}
	e.text = name + " is an unknown section" + e.question("[%s]") + " there are " + names(sections)
	return e
}

// outside: a key above the first section is most often one of some section.
func outside(name string, sections map[string]reflect.Value) error {
	e := &unknownKey{name: name, text: name + " is an unknown key outside of a section"}
	var homes []string
	for section, fields := range sections {
		if _, there := fieldsOf(fields)[name]; there {
			homes = append(homes, "["+section+"]")
		}
	}
	if slices.Sort(homes); len(homes) > 0 {
		e.text += ", and belongs below " + strings.Join(homes, " or ")
	}
	e.text += "; there are " + names(sections)
	return e
}

func unknownIn(section, name string, keys map[string]reflect.Value) error {
	e := &unknownKey{name: name, suggestion: nearest(name, slices.Collect(maps.Keys(keys)))}
	e.text = fmt.Sprintf("%s.%s is an unknown key%s [%s] has %s", section, name, e.question("%s"), section, names(keys))
	return e
}

// question is put to whoever most likely meant another name.
func (e *unknownKey) question(form string) string {
	if e.suggestion == "" {
		return ";"
	}
	return "; did you mean " + fmt.Sprintf(form, e.suggestion) + "?"
}

// set assigns a TOML value, or returns what should stand there.
func set(field reflect.Value, value any) (want string) {
	switch p := field.Addr().Interface().(type) {
	case *string:
		return assign(p, value, `a string in quotes`)
	case *bool:
		return assign(p, value, `true or false`)
	case *time.Duration:
		text, _ := value.(string)
		d, err := time.ParseDuration(text)
		if err != nil {
			return `a time like "30s" or "5m"`
		}
		*p = d
	case *int:
		n, ok := value.(int64)
		if !ok || int64(int(n)) != n {
			return `a whole number`
		}
		*p = int(n)
	case *[]string:
		list, ok := stringsOf(value)
		if !ok {
			return `a list of strings, ["…", "…"]`
		}
		*p = list
	default:
		panic(fmt.Sprintf("config: a field of type %v", field.Type()))
	}
	return ""
}

func assign[T any](p *T, value any, want string) string {
	v, ok := value.(T)
	if !ok {
		return want
	}
	*p = v
	return ""
}

func stringsOf(value any) ([]string, bool) {
	items, ok := value.([]any)
	if !ok {
		return nil, false
	}
	list := make([]string, len(items))
	for i, item := range items {
		if list[i], ok = item.(string); !ok {
			return nil, false
		}
	}
	return list, true
}

// kindOf names what was found without showing it: it may be a secret in the wrong place.
func kindOf(value any) string {
	switch value.(type) {
	case string:
		return "this string"
	case bool:
		return "true or false"
	case int64:
		return "a whole number"
	case float64:
		return "a number with a point"
	case []any:
		return "a list"
	case map[string]any:
		return "a section"
	default:
		return "a date or time"
	}
}

// fieldsOf returns a struct's fields by their TOML keys.
func fieldsOf(s reflect.Value) map[string]reflect.Value {
	fields := map[string]reflect.Value{}
	for i := range s.NumField() {
		fields[s.Type().Field(i).Tag.Get("toml")] = s.Field(i)
	}
	return fields
}

func names(fields map[string]reflect.Value) string {
	return strings.Join(slices.Sorted(maps.Keys(fields)), ", ")
}

// eachPath calls f for every field that names a file, with its key and its kind:
// "input" for what is read once, "replaced" for what is read for every login,
// "data" for what is read and written all the time, "output" for what is written anew.
func eachPath(c *Config, f func(key, kind string, path *string)) {
	sections := fieldsOf(reflect.ValueOf(c).Elem())
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		section := sections[name]
		for i := range section.NumField() {
			field := section.Type().Field(i)
			if kind, ok := field.Tag.Lookup("path"); ok {
				f(name+"."+field.Tag.Get("toml"), kind, section.Field(i).Addr().Interface().(*string))
			}
		}
	}
}

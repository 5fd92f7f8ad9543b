package config

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
)

// Write prints the configuration in effect as TOML that Load reads. It holds no
// secrets, since those stand in files.
func Write(w io.Writer, c Config) error {
	var b strings.Builder
	value := reflect.ValueOf(c)
	for i := range value.NumField() {
		section := value.Field(i)
		fmt.Fprintf(&b, "[%s]\n", value.Type().Field(i).Tag.Get("toml"))
		for j := range section.NumField() {
			fmt.Fprintf(&b, "%s = %s\n", section.Type().Field(j).Tag.Get("toml"), Literal(section.Field(j).Interface()))
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Literal writes a value as TOML. Every character that could need an escape is
// written by its code point, which TOML and Go's %q have in common.
func Literal(value any) string {
	switch v := value.(type) {
	case string:
		return quote(v)
	case time.Duration:
		return quote(v.String())
	case []string:
		quoted := make([]string, len(v))
		for i, s := range v {
			quoted[i] = quote(s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	default:
		return fmt.Sprint(v)
	}
}

func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if r < ' ' || r == '"' || r == '\\' || r == 0x7f {
			fmt.Fprintf(&b, `\u%04X`, r)
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

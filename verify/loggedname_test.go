package verify

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// rsyslog takes 8 KiB, and goes on with the rest as with another record.
func TestNoNameMakesALongLine(t *testing.T) {
	f := newFixture(t, nil)
	for _, name := range []string{strings.Repeat("\x00", 4096), strings.Repeat("\"", 256), strings.Repeat("\xff", 300), strings.Repeat("\u2028", 85)} {
		var line bytes.Buffer
		l := Login{ID: "test", Username: name, CommonName: name}
		d := f.login(name, "pw")
		d.Record(slog.New(slog.NewTextHandler(&line, nil)), &l, "file")
		if line.Len() > 4096 || strings.Count(line.String(), "\n") != 1 {
			t.Errorf("%.10q: %d bytes, %d lines", name, line.Len(), strings.Count(line.String(), "\n"))
		}
	}
}

package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"ovpn-verify/verify/secret"
)

const password = "tr0ub4dor&3"

type holder struct {
	Exported   secret.Text
	unexported secret.Text
	pointer    *secret.Text
}

func TestNoVerbPrintsASecret(t *testing.T) {
	text := secret.FromString(password)
	h := holder{text, text, &text}
	var out bytes.Buffer
	for verb := range strings.FieldsSeq("%v %+v %#v %s %q %x %X %d %o %b %c %U %e %t %p %T") {
		fmt.Fprintf(&out, verb+"\n", text)
		fmt.Fprintf(&out, verb+"\n", &text)
		fmt.Fprintf(&out, verb+"\n", h)
		fmt.Fprintf(&out, verb+"\n", &h)
		fmt.Fprintf(&out, verb+"\n", []any{h, &h, map[string]any{"x": h}})
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "text", text, "holder", h, "pointer", &h)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "text", text, "holder", h, "pointer", &h)
	if err := json.NewEncoder(&out).Encode([]any{text, h, &h}); err != nil {
		t.Fatal(err)
	}
	for name, form := range forms(password) {
		if strings.Contains(strings.ToLower(out.String()), strings.ToLower(form)) {
			t.Errorf("printed in %s:\n%s", name, out.String())
		}
	}
}

func forms(s string) map[string]string {
	decimals := strings.Trim(fmt.Sprint([]byte(s)), "[]")
	return map[string]string{
		"plain": s, "hex": hex.EncodeToString([]byte(s)),
		"base64": base64.StdEncoding.EncodeToString([]byte(s)), "decimals": decimals,
	}
}

func TestRevealGivesWhatWentIn(t *testing.T) {
	if got := string(secret.FromString(password).Reveal()); got != password {
		t.Errorf("revealed %q", got)
	}
	if zero := (secret.Text{}); !zero.Empty() || zero.Reveal() != nil {
		t.Error("the zero Text is not empty")
	}
	if !secret.FromString("a").Equal(secret.FromString("a")) || secret.FromString("a").Equal(secret.FromString("b")) {
		t.Error("Equal is wrong")
	}
}

package verify_test

import (
	"os/exec"
	"strings"
	"testing"
)

// allowed are the arrows between our own packages, beside those to the small
// packages that everybody may use. Tests are not counted.
var allowed = map[string][]string{
	"cmd/ovpn-verify":           {"backends/file", "backends/ldap", "backends/radius", "backends/tlsclient", "challenge", "challenge/migrate", "doctor", "verify", "verify/config", "verify/front", "verify/harden", "verify/logging", "verify/openvpn", "verify/openvpn/serverconf", "verify/state", "verify/status", "verify/worker"},
	"doctor":                    {"backends/tlsclient", "verify/config", "verify/harden", "verify/openvpn/serverconf", "verify/state"},
	"verify":                    {"challenge", "verify/front/reason", "verify/state", "verify/turns"},
	"verify/worker":             {"verify/front", "verify/front/job", "verify/front/reason", "verify/openvpn"},
	"verify/front":              {"verify/front/job", "verify/front/reason"},
	"verify/openvpn":            {"verify/front/job"},
	"verify/openvpn/serverconf": {},
	"verify/config":             {"backends/file", "backends/ldap", "backends/radius", "verify", "verify/harden", "verify/logging", "verify/status"},
	"verify/state":              {},
	"verify/status":             {},
	"verify/harden":             {},
	"verify/logging":            {},
	"verify/secret":             {},
	"verify/primary":            {},
	"verify/trace":              {},
	"verify/turns":              {},
	"verify/front/job":          {},
	"verify/front/reason":       {},
	"challenge":                 {},
	"challenge/migrate":         {"challenge"},
	"backends/file":             {},
	"backends/ldap":             {"backends/avoid", "backends/tlsclient", "verify/turns"},
	"backends/avoid":            {},
	"backends/radius":           {"backends/avoid", "backends/radius/mschap", "backends/radius/radsec", "backends/tlsclient"},
	"backends/radius/mschap":    {},
	"backends/backendtest":      {},
	"backends/radius/radsec":    {},
	"backends/tlsclient":        {},
}

const everybodys = " verify/secret verify/primary verify/trace "

func TestArrowsPointOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "ovpn-verify/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], "ovpn-verify/")
		targets, listed := allowed[name]
		if strings.HasPrefix(name+"/", "scripts/") || strings.HasPrefix(name, "backends/backendtest/") {
			continue
		}
		if !listed {
			t.Errorf("%s is not in the list of packages", name)
		}
		for _, path := range fields[1:] {
			target, ours := strings.CutPrefix(path, "ovpn-verify/")
			if ours && !strings.Contains(everybodys, " "+target+" ") && !strings.Contains(" "+strings.Join(targets, " ")+" ", " "+target+" ") {
				t.Errorf("%s imports %s", name, target)
			}
		}
	}
}

package front

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Front starts before the packages that the worker needs are initialised,
// because it depends on nothing that depends on them.
func TestFrontImportsSyscallAlone(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, "ovpn-verify/verify/front").Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(string(out))
	want := []string{"ovpn-verify/verify/front/job", "ovpn-verify/verify/front/reason", "syscall"}
	if !slices.Equal(got, want) {
		t.Errorf("front imports %v, want %v", got, want)
	}
	for _, leaf := range want[:2] {
		out, err := exec.Command("go", "list", "-f", `{{join .Imports " "}}`, leaf).Output()
		if err != nil || strings.TrimSpace(string(out)) != "" {
			t.Errorf("%s imports %s (%v), want nothing", leaf, out, err)
		}
	}
}

func TestParseArguments(t *testing.T) {
	t.Setenv("OVPN_VERIFY_CONFIG", "")
	for name, c := range map[string]struct {
		args    []string
		want    arguments
		refused bool
	}{
		"via-file":               {[]string{"/tmp/up"}, arguments{defaultConfig, "/tmp/up"}, false},
		"via-env":                {nil, arguments{defaultConfig, ""}, false},
		"config before":          {[]string{"--config", "c", "/tmp/up"}, arguments{"c", "/tmp/up"}, false},
		"config after":           {[]string{"/tmp/up", "--config=c"}, arguments{"c", "/tmp/up"}, false},
		"help":                   {[]string{"--help", "/tmp/up"}, arguments{}, true},
		"version":                {[]string{"--version", "/tmp/up"}, arguments{}, true},
		"short help":             {[]string{"-h"}, arguments{}, true},
		"subcommand":             {[]string{"version", "/tmp/up"}, arguments{}, true},
		"config without a value": {[]string{"--config"}, arguments{}, true},
		"config that is empty":   {[]string{"--config", "", "/tmp/up"}, arguments{}, true},
		"config= without one":    {[]string{"--config="}, arguments{}, true},
		"two files":              {[]string{"a", "b"}, arguments{}, true},
		"empty argument":         {[]string{""}, arguments{}, true},
		"dash":                   {[]string{"-"}, arguments{}, true},
		"double dash":            {[]string{"--", "/tmp/up"}, arguments{}, true},
	} {
		got, problem := parseArguments(append([]string{"ovpn-verify"}, c.args...), true)
		if (problem != "") != c.refused || !c.refused && got != c.want {
			t.Errorf("%s: %+v, problem %q", name, got, problem)
		}
	}
	t.Setenv("OVPN_VERIFY_CONFIG", "/from/env")
	if got, _ := parseArguments([]string{"ovpn-verify", "up"}, true); got.config != "/from/env" {
		t.Errorf("OVPN_VERIFY_CONFIG: %+v", got)
	}
}

func TestConfigurationMayBeLastWithoutAnAppendedFile(t *testing.T) {
	args := []string{"ovpn-verify", "--config", "c"}
	if got, problem := parseArguments(args, false); problem != "" || got.config != "c" || got.file != "" {
		t.Errorf("%+v, problem %q", got, problem)
	}
	if _, problem := parseArguments(args, true); problem == "" {
		t.Error("OpenVPN's own file was taken for the configuration")
	}
}

func TestQuoteShowsNoControlCharacters(t *testing.T) {
	got := quote("a\n\x1b[31m\"\\é" + strings.Repeat("x", 200))
	if len(got) > 110 || strings.ContainsAny(got, "\n\x1b\\") {
		t.Errorf("%q", got)
	}
}

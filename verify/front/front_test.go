package front

import (
	"strings"
	"syscall"
	"testing"
)

// called is a process with these arguments, behind its name, and this environment.
func called(t testing.TB, args, env []string) *process {
	t.Helper()
	p, ok := newProcess(append([]string{"ovpn-verify"}, args...), env)
	if !ok {
		t.Fatalf("%q, %q", args, env)
	}
	return &p
}

func TestParseArguments(t *testing.T) {
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
		got, wrong := called(t, c.args, nil).parseArguments(true)
		if (wrong.before != "") != c.refused || !c.refused && got != c.want {
			t.Errorf("%s: %+v, %+v", name, got, wrong)
		}
	}
	if got, _ := called(t, []string{"up"}, []string{"OVPN_VERIFY_CONFIG=/from/env"}).parseArguments(true); got.config != "/from/env" {
		t.Errorf("OVPN_VERIFY_CONFIG: %+v", got)
	}
	if got, _ := called(t, []string{"up"}, []string{"OVPN_VERIFY_CONFIG="}).parseArguments(true); got.config != defaultConfig {
		t.Errorf("an empty OVPN_VERIFY_CONFIG: %+v", got)
	}
}

func TestConfigurationMayBeLastWithoutAnAppendedFile(t *testing.T) {
	p := called(t, []string{"--config", "c"}, nil)
	if got, wrong := p.parseArguments(false); wrong.before != "" || got.config != "c" || got.file != "" {
		t.Errorf("%+v, %+v", got, wrong)
	}
	if _, wrong := p.parseArguments(true); wrong.before == "" {
		t.Error("OpenVPN's own file was taken for the configuration")
	}
}

func TestQuoteShowsNoControlCharacters(t *testing.T) {
	var l line
	l.quote("a\n\x1b[31m\"\\é" + strings.Repeat("x", 200))
	got := string(l.text[:l.length])
	if len(got) > 110 || strings.ContainsAny(got, "\n\x1b\\") {
		t.Errorf("%q", got)
	}
}

// Numbers without a text come from seccomp filters and drivers.
func TestErrorNumberWithoutAText(t *testing.T) {
	for number, want := range map[errno]string{524: "x: error 524", syscall.ECONNREFUSED: "x: connection refused"} {
		var l line
		if allocated := testing.AllocsPerRun(10, func() {
			l = line{}
			l.addProblem(problem{before: "x", cause: number})
		}); allocated > 0 || string(l.text[:l.length]) != want {
			t.Errorf("%q with %v allocations", l.text[:l.length], allocated)
		}
	}
}

func TestVariablesAreFoundByTheirWholeName(t *testing.T) {
	p := called(t, nil, []string{"usernames=x", "user=y", "username=ada=b", "empty=", "username=second"})
	for name, want := range map[string]string{"username": "ada=b", "user": "y", "empty": ""} {
		if got, set := p.lookup(name); !set || got != want {
			t.Errorf("%s: %q, %v", name, got, set)
		}
	}
	for _, name := range []string{"usernam", "use", "missing", "username=ada"} {
		if got, set := p.lookup(name); set && name != "username=ada" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestPathsThatAreRelativeBecomeAbsolute(t *testing.T) {
	t.Chdir("/usr")
	for path, want := range map[string]string{"/etc/x": "/etc/x", "x.toml": "/usr/x.toml", "../x": "/usr/../x"} {
		if got := absolute(path); got != want || absolutePath[len(want)] != 0 {
			t.Errorf("%q became %q", path, got)
		}
	}
}

package testbed_test

import (
	"testing"
	"time"
)

// As src/openvpn/multi.c reads it: multi_client_connect_call_script and
// multi_client_connect_script_deferred.
func TestConnectReadsTheAnswer(t *testing.T) {
	directives := `echo 'push "x"' > "$client_connect_config_file"; `
	deferred := `printf 2 > "$client_connect_deferred_file"; `
	for name, c := range map[string]struct {
		script              string
		connected, deferred bool
		directives          string
	}{
		"at once":              {directives + `exit 0`, true, false, "push \"x\"\n"},
		"refused at once":      {directives + `exit 1`, false, false, ""},
		"status 2":             {`exit 2`, false, false, ""},
		"refused in spite":     {deferred + `exit 1`, false, false, ""},
		"0 before the exit":    {`printf 0 > "$client_connect_deferred_file"; exit 0`, true, false, ""},
		"disabled":             {`echo disable > "$1"; printf 0 > "$client_connect_deferred_file"; exit 0`, false, false, "disable\n"},
		"later":                {deferred + `( /bin/sleep 0.05; ` + directives + `printf 1 > "$client_connect_deferred_file" ) & exit 0`, true, true, "push \"x\"\n"},
		"refused later":        {deferred + `( /bin/sleep 0.05; printf 0 > "$client_connect_deferred_file" ) & exit 0`, false, true, ""},
		"nobody ever answers":  {deferred + `exit 0`, false, true, ""},
		"killed after the '2'": {deferred + `kill -9 $$`, false, false, ""},
	} {
		call := call(t, c.script)
		call.Window = 500 * time.Millisecond
		r, err := call.Connect(t.Context())
		if err != nil || r.Connected != c.connected || r.Deferred != c.deferred || r.Directives != c.directives {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestSessionCallsHaveTheDaemonsEnvironment(t *testing.T) {
	c := call(t, `echo "$script_type $# $trusted_ip $trusted_port $username $password ${client_connect_deferred_file:+deferred}"`)
	c.ViaEnv = true
	r, err := c.Connect(t.Context())
	if want := "client-connect 1 192.0.2.10 50000 ada  deferred\n"; err != nil || r.Output != want {
		t.Errorf("%q, %v; want %q", r.Output, err, want)
	}
	c.NoDeferral = true
	r, err = c.Connect(t.Context())
	if want := "client-connect 1 192.0.2.10 50000 ada  \n"; err != nil || r.Output != want {
		t.Errorf("%q, %v; want %q", r.Output, err, want)
	}
	r, err = c.Disconnect(t.Context())
	if want := "client-disconnect 0 192.0.2.10 50000 ada  \n"; err != nil || r.Output != want {
		t.Errorf("%q, %v; want %q", r.Output, err, want)
	}
}

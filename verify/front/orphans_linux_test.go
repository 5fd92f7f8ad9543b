//go:build amd64 || arm64

package front

import "testing"

func TestProcess1IsKnownByItsWholeName(t *testing.T) {
	for name, want := range map[string]bool{"tini": true, "docker-init": true, "sh": true, "openvpn": false, "": false, "timeout": false, "tin": false, "tinier": false} {
		if reaps(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

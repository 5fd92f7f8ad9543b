//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// With auth-user-pass-optional OpenVPN asks us about clients that send no name
// and no password, too.
func TestClientWithoutCredentialsIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(ldapSection(w.Slapd(testbed.SlapdOptions{}), `second_factor = "none"`, ""))
	server := w.serve(testbed.ServerOptions{Extra: []string{"auth-user-pass-optional"}})
	files, err := w.CA.Write(w.Dir, "bare", testbed.Cert{Name: "bare", Client: true})
	if err != nil {
		t.Fatal(err)
	}
	lines := fmt.Sprintf("client\ndev null\ndev-type tun\nnobind\nremote %s %d udp4\nca %s\ncert %s\nkey %s\nremote-cert-tls server\nverb 3\nifconfig-noexec\nroute-noexec\n",
		testbed.ServerIP, server.Port, files.CA, files.Cert, files.Key)
	if err := os.WriteFile(w.Path("bare.conf"), []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out, _ := w.Command(ctx, w.ClientNS, "openvpn", "--config", w.Path("bare.conf")).CombinedOutput()
	if text := string(out); !strings.Contains(text, "AUTH_FAILED") || strings.Contains(text, "Initialization Sequence Completed") {
		t.Errorf("the client without credentials:\n%s", text)
	}
	w.logged(`user="" .*verdict=refused .*the user name is empty`)
}

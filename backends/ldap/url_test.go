package ldap

import (
	"slices"
	"testing"
)

func TestLocalhostIsThisHostWithoutAResolver(t *testing.T) {
	for url, want := range map[string][]string{
		"ldap://localhost":             {"127.0.0.1:389", "[::1]:389"},
		"ldaps://LOCALHOST:1636":       {"127.0.0.1:1636", "[::1]:1636"},
		"ldap://localhost.example.org": {"localhost.example.org:389"},
		"ldap://127.0.0.1:3890":        {"127.0.0.1:3890"},
		"ldapi://%2Frun%2Flocalhost":   {"/run/localhost"},
	} {
		e, err := parseURL(url)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.addresses(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
}

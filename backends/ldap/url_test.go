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

func TestWhichServersNeedStartTLS(t *testing.T) {
	for url, want := range map[string]bool{
		"ldap://dc1.example.org": true, "srv://example.org": true, "ldap://192.0.2.1:3890": true,
		"ldap://127.0.0.1": false, "ldap://localhost:3890": false, "ldaps://dc1.example.org": false, "ldapi://%2Frun%2Fldapi": false, "http://x": false,
	} {
		if NeedsStartTLS(url) != want {
			t.Errorf("%s: %v", url, !want)
		}
	}
}

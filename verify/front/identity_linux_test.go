package front

import "testing"

func TestWholeMapOfUserIDs(t *testing.T) {
	for text, want := range map[string]bool{
		"         0          0 4294967295\n":                     true,
		"0 0 4294967295\n":                                       true,
		"         0     100000      65536\n":                     false,
		"         0          0      65536\n":                     false,
		"         0          0 4294967295":                       false,
		"         0       1000          1\n  1  100000  65536\n": false,
		"00 4294967295\n":                                        false,
		"":                                                       false,
	} {
		if got := isWholeMap([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if !idsAreTheHosts() {
		t.Error("the tests run in a user namespace, or the file was not understood")
	}
}

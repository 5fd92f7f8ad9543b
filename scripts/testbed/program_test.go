package testbed

import "testing"

func TestFindSecrets(t *testing.T) {
	for content, want := range map[string]int{
		"the code 123456, typed": 1, "code=123456": 1, "at 9123456789": 0, "us=123456 connected": 0,
		"PASS-word": 1, "UEFTUy13b3Jk": 1, "504153532d776f7264": 1, "80 65 83 83 45 119 111 114 100": 1, "nothing": 0,
	} {
		if found := FindSecrets(map[string]string{"x": content}, []string{"123456", "PASS-word"}); len(found) != want {
			t.Errorf("%q: %q", content, found)
		}
	}
}

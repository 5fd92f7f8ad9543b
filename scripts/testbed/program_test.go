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

// A request that was on its way at the end is not lost; any other is.
func TestPingCountsLosses(t *testing.T) {
	const answers = "64 bytes: icmp_seq=1 ttl=64 time=0.2 ms\n64 bytes: icmp_seq=3 ttl=64 time=0.4 ms\n"
	for summary, lost := range map[string]int{
		"3 packets transmitted, 2 received": 1, "4 packets transmitted, 2 received": 1, "5 packets transmitted, 2 received": 2,
	} {
		if r, err := parsePing(answers + summary); err != nil || r.Lost() != lost {
			t.Errorf("%s: %d lost, %v", summary, r.Lost(), err)
		}
	}
}

package reason_test

import (
	"testing"

	"ovpn-verify/verify/front/reason"
)

func TestTemporaryGoesToClientsThatKnowIt(t *testing.T) {
	const framed = "TEMP[backoff 30,advance no]: x"
	for ivProto, want := range map[string]string{
		"990": framed, "256": framed, "2": "x", "": "x", "255": "x", "-256": "x",
		"256x": "x", "99999999999999999999": "x", "0x100": "x",
	} {
		if got := reason.Temporary("x", ivProto); got != want {
			t.Errorf("IV_PROTO %q: %q", ivProto, got)
		}
	}
}

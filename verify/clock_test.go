package verify

import (
	"testing"
	"time"
)

// A clock that jumps an hour forward and back again lets nobody in twice: what was
// spent stays spent, and what has expired is gone. For the hour that it went back
// a user of the time between waits, or takes a recovery code. Somebody else does
// not notice.
func TestClockJumps(t *testing.T) {
	f := newFixture(t, nil)
	noon := f.now
	f.want(Accepted, "", f.login("ada", static("pw-ada", f.code("ada", 0))))
	asked := f.want(Challenged, "", f.login("ada", "pw-ada"))
	before := f.code("ada", 1)

	f.now = noon.Add(time.Hour)
	f.want(Refused, "challenge_ttl", f.login("ada", dynamic(asked, f.code("ada", 0))))
	f.want(Refused, "wrong code", f.login("ada", static("pw-ada", before)))
	ahead := f.code("ada", 0)
	f.want(Accepted, "", f.login("ada", static("pw-ada", ahead)))
	asked = f.want(Challenged, "", f.login("ada", "pw-ada"))

	f.now = noon
	f.want(Refused, "used before", f.login("ada", static("pw-ada", f.code("ada", 0))))
	f.want(Refused, "used before", f.login("ada", static("pw-ada", before)))
	f.want(Refused, "wrong code", f.login("ada", static("pw-ada", ahead)))
	f.want(Refused, "used before", f.login("ada", dynamic(asked, f.code("ada", 0))))
	f.want(Accepted, "", f.login("bob", static("pw-bob", f.code("bob", 0))))

	f.now = noon.Add(time.Hour)
	f.want(Refused, "used before", f.login("ada", static("pw-ada", ahead)))
	f.want(Accepted, "", f.login("ada", static("pw-ada", f.code("ada", 1))))
}

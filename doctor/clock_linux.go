package doctor

import "golang.org/x/sys/unix"

// ClockKept asks the kernel whether somebody, such as an NTP client, tells it the
// time (adjtimex(2), STA_UNSYNC).
func ClockKept() (synced, known bool) {
	var t unix.Timex
	if _, err := unix.Adjtimex(&t); err != nil {
		return false, false
	}
	return t.Status&unix.STA_UNSYNC == 0, true
}

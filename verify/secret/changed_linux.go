package secret

import "syscall"

// changed is the time of the last change, also of owner or mode, which cannot
// be set back as the time of modification can.
func changed(s *syscall.Stat_t) int64 { return s.Ctim.Nano() }

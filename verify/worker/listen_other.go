//go:build !linux

package worker

import "errors"

// maxJobs is one: a worker gets no job but that which it was started for.
func maxJobs() int { return 1 }

// MaxConnections is no fewer than wanted: there is one job.
func MaxConnections(wanted int) int { return wanted }

// serve is never asked for: on this system front starts one worker for each login.
func (w *worker) serve() error { return errors.New("worker: no listening on this system") }

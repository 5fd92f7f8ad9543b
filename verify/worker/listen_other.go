//go:build !linux

package worker

import "errors"

// serve is never asked for: on this system front starts one worker for each login.
func (w *worker) serve() error { return errors.New("worker: no listening on this system") }

package testbed

import (
	"context"
	"errors"
	"time"
)

// Deferred is a call whose program has ended and whose verdict may be to come.
type Deferred struct {
	result Result
	files  resultFiles
	ended  time.Time
	window time.Duration
	output string
	clean  func()
}

// Wait waits for the verdict until the window closes, reads the reason and
// removes the files. Its error is that of ctx.
func (d *Deferred) Wait(ctx context.Context) (Result, error) {
	defer d.clean()
	var err error
	if d.result.Status == 2 && d.files.control != "" {
		err = d.verdict(ctx)
		d.result.Waited = time.Since(d.ended)
	}
	if !d.result.Accepted() {
		d.result.Reason = readText(d.files.reason)
	}
	d.result.Output = readText(d.output)
	return d.result, errors.Join(err, d.files.remove(d.files.control, d.files.reason, d.output))
}

// verdict looks at the first byte alone; anything but '0' and '1' is pending
// (src/openvpn/ssl_verify.c, key_state_check_auth_control_file).
func (d *Deferred) verdict(ctx context.Context) (err error) {
	d.result.Verdict, err = d.waitForByte(ctx, d.files.control)
	return err
}

// waitForByte returns 0 when neither '0' nor '1' stands in the file before the
// window closes, or ctx ends; it looks once more then.
func (d *Deferred) waitForByte(ctx context.Context, path string) (verdict byte, err error) {
	timer := time.NewTimer(time.Until(d.ended.Add(d.window)))
	defer timer.Stop()
	for over := false; ; {
		if text := readText(path); text != "" && (text[0] == '0' || text[0] == '1') {
			return text[0], nil
		}
		if over {
			return 0, err
		}
		select {
		case <-ctx.Done():
			over, err = true, context.Cause(ctx)
		case <-timer.C:
			over = true
		case <-time.After(pollEvery):
		}
	}
}

//go:build slowfile

package file

import (
	"context"
	"time"
)

// delay stands for a directory that is slow.
const delay = 2 * time.Second

// dawdle makes each check take longer, in programs that are built to see how
// storms of logins pass on a slow backend.
func dawdle(ctx context.Context) {
	select {
	case <-time.After(delay):
	case <-ctx.Done():
	}
}

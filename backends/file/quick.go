//go:build !slowfile

package file

import "context"

// dawdle does nothing in what ships; slow.go is for tests.
func dawdle(context.Context) {}

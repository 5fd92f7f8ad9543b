package ldap

import (
	"errors"
	"testing"
)

// A panic on a goroutine that nobody watches would end the process, and every
// login in it.
func TestPanicApartIsTheLoginsOwn(t *testing.T) {
	want := errors.New("x")
	if err := apart(func() error { return want }); !errors.Is(err, want) {
		t.Error(err)
	}
	defer func() {
		if got := recover(); got != "oops" {
			t.Errorf("recovered %v", got)
		}
	}()
	_ = apart(func() error { panic("oops") })
	t.Error("the panic was lost")
}

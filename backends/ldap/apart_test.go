package ldap

import (
	"errors"
	"testing"
)

// A panic on a goroutine that nobody watches would end the process, and every
// login in it.
func TestPanicApartIsTheLoginsOwn(t *testing.T) {
	want := errors.New("x")
	if got, err := apart(func() (int, error) { return 7, want }); got != 7 || !errors.Is(err, want) {
		t.Error(got, err)
	}
	defer func() {
		if got := recover(); got != "oops" {
			t.Errorf("recovered %v", got)
		}
	}()
	_, _ = apart(func() (int, error) { panic("oops") })
	t.Error("the panic was lost")
}

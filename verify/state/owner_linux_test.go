package state

import "testing"

// Without /proc, as in a chroot, nobody knows in whose namespace a number was given:
// that nobody has it here says nothing.
func TestOwnerInAnUnknownNamespaceIsNotDead(t *testing.T) {
	const nobody = 1 << 30 // above every kernel's largest PID
	here := self()
	defer func(f func() owner) { self = f }(self)
	for name, c := range map[string]struct {
		me, other uint64
		dead      bool
	}{
		"both known":   {here.Namespace, here.Namespace, true},
		"both unknown": {0, 0, false},
		"his unknown":  {here.Namespace, 0, false},
		"ours unknown": {0, here.Namespace, false},
		"another's":    {here.Namespace, here.Namespace + 1, false},
	} {
		self = func() owner { return owner{PID: here.PID, Namespace: c.me} }
		if (owner{PID: nobody, Namespace: c.other}).dead() != c.dead {
			t.Errorf("%s: dead %v", name, !c.dead)
		}
	}
}

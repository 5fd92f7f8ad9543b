package ldap

// apart does something on a stack of its own and waits for its end. A thousand
// logins wait for a directory at once, and a stack that has grown stays so: with
// the search and the handshake of TLS behind it, it would take four and eight times
// the memory. 4 KiB last for the frames of a login that waits, if those are small.
func apart[T any](do func() (T, error)) (T, error) {
	type end struct {
		value    T
		err      error
		panicked any
	}
	done := make(chan end, 1)
	go func() {
		var e end
		defer func() {
			e.panicked = recover()
			done <- e
		}()
		e.value, e.err = do()
	}()
	e := <-done
	if e.panicked != nil {
		panic(e.panicked) // the login's affair, and not the end of all others
	}
	return e.value, e.err
}

// aside is apart for what has no result but its error.
func aside(do func() error) error {
	_, err := apart(func() (struct{}, error) { return struct{}{}, do() })
	return err
}

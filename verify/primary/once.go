package primary

// OnceError is an outage after which the user's client must not log in again by
// itself: the server may have begun something that the user notices, such as a
// push to a phone, and would begin it a second time.
type OnceError struct{ Err error }

func (e *OnceError) Error() string { return e.Err.Error() }

func (e *OnceError) Unwrap() error { return e.Err }

package primary

// ReasonError is a refusal with a text that the user may see. A backend makes
// one only where the text tells a stranger nothing about others: because the
// password was right, or because the configuration asks for it. Where it is
// shown it is cleaned and cut; it need not be safe.
type ReasonError struct {
	Text string
	Err  error // wraps ErrRefused; for the log
}

func (e *ReasonError) Error() string { return e.Err.Error() }

func (e *ReasonError) Unwrap() error { return e.Err }

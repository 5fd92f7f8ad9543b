package primary

// AccountError is a refusal of an account that the backend found under the name
// typed. Failures are counted for the account, too: a directory takes many
// spellings for one.
type AccountError struct {
	Identity string // as Identity.Name
	Err      error  // wraps ErrRefused
}

func (e *AccountError) Error() string { return e.Err.Error() }

func (e *AccountError) Unwrap() error { return e.Err }

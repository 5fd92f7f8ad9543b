package file

import (
	"errors"

	"github.com/alexedwards/argon2id"

	"ovpn-verify/verify/secret"
)

// Hash is an argon2id hash in PHC string format.
type Hash string

// parameters follow OWASP's recommendation for argon2id: 19 MiB, two passes, one thread.
var parameters = &argon2id.Params{
	Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32,
}

// dummyHash has the same parameters and costs the same time as a user's hash.
const dummyHash Hash = "$argon2id$v=19$m=19456,t=2,p=1$" +
	"AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// NewHash hashes a password with a new salt.
func NewHash(password secret.Text) (Hash, error) {
	h, err := argon2id.CreateHash(string(password.Reveal()), parameters)
	return Hash(h), err
}

func (h Hash) matches(password secret.Text) (bool, error) {
	if err := h.check(); err != nil {
		return false, err
	}
	return argon2id.ComparePasswordAndHash(string(password.Reveal()), string(h))
}

// A hash takes this much memory at most, in KiB, and this much work, in KiB
// times passes: fifty times the recommended, about a second.
const (
	maxMemory = 256 << 10
	maxCost   = 2 << 20
)

// check refuses hashes that were cut or made by hand: one with no key left
// would match every password, and one with no passes stops the program.
func (h Hash) check() error {
	params, salt, key, err := argon2id.DecodeHash(string(h))
	switch {
	case err != nil:
		return errors.New("not an argon2id hash")
	case len(salt) < 8 || len(key) < 16:
		return errors.New("an argon2id hash with a salt or key cut short")
	case params.Iterations < 1 || params.Parallelism < 1:
		return errors.New("an argon2id hash with impossible costs")
	case params.Memory > maxMemory || params.Iterations > maxCost/max(params.Memory, 1) || len(key) > 128:
		return errors.New("an argon2id hash that takes seconds or the memory of the machine to compare")
	}
	return nil
}

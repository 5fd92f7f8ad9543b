package testbed

import (
	"errors"
	"fmt"
	"os"
)

// Prepared is a call whose files are there and whose program has not been started:
// for a caller that starts it by its own means.
type Prepared struct {
	Args    []string // without the program's name
	Env     []string
	Control string // path of auth_control_file

	files       resultFiles
	credentials string
}

// Prepare makes the files of a call in Dir, which must be set. Every prepared
// call has to be removed.
func (c Call) Prepare() (*Prepared, error) {
	p := &Prepared{Args: c.arguments()}
	err := p.files.create(c.Dir)
	if err == nil {
		p.credentials, err = createTemp(c.Dir, "up", c.Username+"\n"+c.Password+"\n")
	}
	if err != nil {
		return nil, fmt.Errorf("testbed: %w", errors.Join(err, p.Remove()))
	}
	p.Args = append(p.Args, p.credentials)
	p.Env, p.Control = c.environment(p.files), p.files.control
	return p, nil
}

// Verdict is the first byte of the control file, 0 as long as it is neither '1' nor '0'.
func (p *Prepared) Verdict() byte {
	if text := readText(p.Control); text != "" && (text[0] == '0' || text[0] == '1') {
		return text[0]
	}
	return 0
}

// Remove takes the files away.
func (p *Prepared) Remove() error {
	return p.files.remove(p.files.control, p.files.reason, p.files.pending, p.credentials)
}

// give makes the files another user's, as those of a daemon that runs as that user.
func (p *Prepared) give(uid, gid int) error {
	var errs []error
	for _, path := range []string{p.files.control, p.files.reason, p.files.pending, p.credentials} {
		errs = append(errs, os.Chown(path, uid, gid))
	}
	return errors.Join(errs...)
}

package openvpn

import (
	"errors"
	"os"
	"sync"
)

// Results are the open files in which OpenVPN looks for the verdict. Only the
// first verdict is written, whoever comes later: a deadline that has passed
// cannot be followed by an accept.
type Results struct {
	control *os.File
	reason  *os.File // nil when OpenVPN gave none

	once sync.Once
}

// NewResults takes over both files; reason may be nil.
func NewResults(control, reason *os.File) *Results {
	return &Results{control: control, reason: reason}
}

// ErrDecided is the answer to a second verdict.
var ErrDecided = errors.New("openvpn: there is a verdict already")

// Accept lets the client in. The reason file is emptied first: it held the
// neutral text for a worker that dies.
func (r *Results) Accept() error { return r.decide("", '1') }

// Refuse sends text to the client as AUTH_FAILED,<text>. It may be a CRV1
// challenge or a TEMP text. It is complete before OpenVPN sees the verdict.
func (r *Results) Refuse(text string) error { return r.decide(text, '0') }

// writers are those who write an answer at this moment. A disk that lets a system
// call wait keeps a thread with it, and of threads a unit may allow few: were there
// none left, the runtime would end the process and every login in it.
var writers = make(chan struct{}, 2)

func writing() (written func()) {
	writers <- struct{}{}
	return func() { <-writers }
}

// Abandon closes the files without a verdict, for a job that is another worker's.
func (r *Results) Abandon() { r.once.Do(r.close) }

func (r *Results) decide(text string, verdict byte) error {
	err := ErrDecided
	r.once.Do(func() {
		defer writing()()
		err = r.write(text, verdict)
	})
	return err
}

// write goes on to the control file when the reason cannot be written: a
// refusal without a text is better than a client that waits.
func (r *Results) write(text string, verdict byte) error {
	defer r.close()
	reasonErr := r.writeReason(text)
	_, err := r.control.WriteAt([]byte{verdict}, 0)
	return errors.Join(reasonErr, err)
}

func (r *Results) writeReason(text string) error {
	if r.reason == nil {
		return nil
	}
	return rewrite(r.reason, text)
}

func (r *Results) close() {
	r.control.Close()
	if r.reason != nil {
		r.reason.Close()
	}
}

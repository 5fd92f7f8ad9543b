package openvpn

import (
	"errors"
	"os"
	"strings"
	"sync"

	"ovpn-verify/verify/front/job"
)

// ConnectResults are the open files in which OpenVPN looks for the answer to
// client-connect. Only the first answer is written, whoever comes later.
type ConnectResults struct {
	deferred *os.File
	config   *os.File

	once sync.Once
}

// NewConnectResults takes over both files: client_connect_deferred_file and
// client_connect_config_file. deferred may be nil, for an OpenVPN that waits
// inside the call: then only the directives are written.
func NewConnectResults(deferred, config *os.File) *ConnectResults {
	return &ConnectResults{deferred: deferred, config: config}
}

// ErrNotWritten says that the session begins without its directives.
var ErrNotWritten = errors.New("openvpn: client_connect_config_file cannot be written")

// Accept lets the session begin with directives, lines as in a file of
// client-config-dir. They are complete before OpenVPN sees the answer. When they
// cannot be written, it begins without them and the error is ErrNotWritten; when
// a part of them cannot be taken back, it is refused.
func (r *ConnectResults) Accept(directives string) error {
	return r.answer(func() error {
		err := rewrite(r.config, directives)
		if err == nil {
			return r.verdict('1')
		}
		if emptyErr := r.config.Truncate(0); emptyErr != nil {
			return errors.Join(err, emptyErr, r.refuse())
		}
		return errors.Join(ErrNotWritten, err, r.verdict('1'))
	})
}

// Refuse ends the connection.
func (r *ConnectResults) Refuse() error { return r.answer(r.refuse) }

// Abandon closes the files without an answer, for a job that is another worker's.
func (r *ConnectResults) Abandon() { r.once.Do(r.close) }

func (r *ConnectResults) answer(write func() error) error {
	err := ErrDecided
	r.once.Do(func() {
		defer writing()()
		defer r.close()
		err = write()
	})
	return err
}

// refuse writes the directive that keeps a client out: a '0' that is there before
// front has exited with 0 does not count (src/openvpn/multi.c,
// multi_client_connect_call_script, asks for '2' alone), the file's content does.
// Where it cannot be written there is no '0' either, which might be taken for yes: the
// client waits in vain.
func (r *ConnectResults) refuse() error {
	if err := rewrite(r.config, job.KeepOut); err != nil {
		return err
	}
	return r.verdict('0')
}

func (r *ConnectResults) verdict(v byte) error {
	if r.deferred == nil {
		return nil
	}
	_, err := r.deferred.WriteAt([]byte{v}, 0)
	return err
}

func (r *ConnectResults) close() {
	if r.deferred != nil {
		r.deferred.Close()
	}
	r.config.Close()
}

// rewrite makes text the file's whole content. It takes the place of the old one on
// the disk, which stays when that fails, and blanks cover what is longer there: a
// process that is killed before it has cut them off leaves no mixture of both.
func rewrite(f *os.File, text string) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	blanks := strings.Repeat(" ", max(0, int(info.Size())-len(text)))
	if _, err := f.WriteAt([]byte(text+blanks), 0); err != nil {
		return err
	}
	return f.Truncate(int64(len(text)))
}

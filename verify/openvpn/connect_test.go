package openvpn_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"ovpn-verify/verify/openvpn"
)

// connection is a client-connect whose front has written '2'.
func connection(t *testing.T) (*openvpn.ConnectResults, files) {
	t.Helper()
	f := files{filepath.Join(t.TempDir(), "ccr"), filepath.Join(t.TempDir(), "cc")}
	var opened [2]*os.File
	for i, file := range []struct{ path, content string }{{f.control, "2"}, {f.reason, ""}} {
		if err := os.WriteFile(file.path, []byte(file.content), 0o600); err != nil {
			t.Fatal(err)
		}
		var err error
		if opened[i], err = os.OpenFile(file.path, os.O_WRONLY, 0); err != nil {
			t.Fatal(err)
		}
	}
	return openvpn.NewConnectResults(opened[0], opened[1]), f
}

func TestConnectAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer           func(*openvpn.ConnectResults) error
		deferred, config string
	}{
		"accepted":           {func(r *openvpn.ConnectResults) error { return r.Accept("push \"x\"\n") }, "1", "push \"x\"\n"},
		"without directives": {func(r *openvpn.ConnectResults) error { return r.Accept("") }, "1", ""},
		"refused":            {(*openvpn.ConnectResults).Refuse, "0", "disable\n"},
	} {
		r, f := connection(t)
		if err := c.answer(r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		f.want(t, c.deferred, c.config)
		for _, again := range []error{r.Accept("push \"y\"\n"), r.Refuse()} {
			if again != openvpn.ErrDecided {
				t.Errorf("%s: a second answer: %v", name, again)
			}
		}
		r.Abandon()
		f.want(t, c.deferred, c.config)
	}
	r, f := connection(t)
	r.Abandon()
	if err := r.Accept(""); err != openvpn.ErrDecided {
		t.Errorf("after Abandon: %v", err)
	}
	f.want(t, "2", "")
}

func TestTwentyConnectAnswersAtOnceWriteOne(t *testing.T) {
	r, f := connection(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if i%2 == 0 {
				_ = r.Refuse()
			} else {
				_ = r.Accept("push \"x\"\n")
			}
		})
	}
	wg.Wait()
	if config, _ := os.ReadFile(f.reason); string(config) == "disable\n" {
		f.want(t, "0", "disable\n")
	} else {
		f.want(t, "1", "push \"x\"\n")
	}
}

// A '0' that came before front's exit would be taken for yes.
func TestSessionThatCannotBeKeptOutHasNoAnswer(t *testing.T) {
	f := files{control: filepath.Join(t.TempDir(), "ccr")}
	deferred, err := os.Create(f.control)
	if err != nil {
		t.Fatal(err)
	}
	readOnly, err := os.Open(f.control)
	if err != nil {
		t.Fatal(err)
	}
	if err := openvpn.NewConnectResults(deferred, readOnly).Accept("push \"x\"\n"); err == nil || errors.Is(err, openvpn.ErrNotWritten) {
		t.Errorf("a file that cannot be emptied: %v", err)
	}
	f.want(t, "", "")
}

func TestConnectInsideTheCallHasNoDeferredFile(t *testing.T) {
	f := files{reason: filepath.Join(t.TempDir(), "cc")}
	config, err := os.Create(f.reason)
	if err != nil {
		t.Fatal(err)
	}
	if err := openvpn.NewConnectResults(nil, config).Accept("push \"x\"\n"); err != nil {
		t.Error(err)
	}
	f.want(t, "", "push \"x\"\n")
}

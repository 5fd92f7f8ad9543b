package job_test

import (
	"strings"
	"testing"

	"ovpn-verify/verify/front/job"
)

// frame is of names and values in turn, in as much storage as is given.
func frame(size int, fields ...string) (frame []byte, ok bool) {
	f := job.New(make([]byte, size))
	for i := 0; i < len(fields); i += 2 {
		f.Add(fields[i], fields[i+1])
	}
	return f.Bytes()
}

func TestFieldsComeBackAsTheyWent(t *testing.T) {
	frame, ok := frame(job.MaxFrame, "empty", "", "binary", "a\x00b\nc", "long", strings.Repeat("x", 5000))
	if !ok {
		t.Error("the frame was too small")
	}
	fields, ok := job.Decode(frame)
	if !ok || len(fields) != 3 || string(fields["binary"]) != "a\x00b\nc" || len(fields["long"]) != 5000 || len(fields["empty"]) != 0 {
		t.Errorf("decoded %v as %q", ok, fields)
	}
}

func TestDamagedFramesAreNoJobs(t *testing.T) {
	whole, _ := frame(job.MaxFrame, "username", "ada", "password", "x")
	for n := range len(whole) {
		if n == 1 || n == 1+5+len("username")+len("ada") {
			continue // cut between two fields is a frame with fewer of them
		}
		if _, ok := job.Decode(whole[:n]); ok {
			t.Errorf("a frame cut after %d bytes was decoded", n)
		}
	}
	twice, _ := frame(job.MaxFrame, "username", "ada", "username", "eve")
	other := append([]byte{99}, whole[1:]...)
	large, _ := frame(2*job.MaxFrame, "x", strings.Repeat("x", job.MaxFrame))
	for name, frame := range map[string][]byte{"field twice": twice, "other version": other, "too large": large} {
		if _, ok := job.Decode(frame); ok {
			t.Errorf("%s: decoded", name)
		}
	}
}

// What does not fit is left out whole, and the frame says that it is no good.
func TestFrameThatIsFull(t *testing.T) {
	const size = 40 // a byte, and the first field takes 5+8+3
	for _, long := range []string{strings.Repeat("x", size-1-16-5-8+1), strings.Repeat("x", 5000)} {
		cut, ok := frame(size, "username", "ada", "password", long)
		fields, decoded := job.Decode(cut)
		if ok || !decoded || len(fields) != 1 || string(fields["username"]) != "ada" {
			t.Errorf("%d bytes of %d: ok %v, %q", len(long), size, ok, fields)
		}
	}
	if _, ok := frame(size, "username", "ada", "password", strings.Repeat("x", size-1-16-5-8)); !ok {
		t.Error("a frame that fits to the last byte is no good")
	}
}

func FuzzDecode(f *testing.F) {
	whole, _ := frame(job.MaxFrame, "username", "ada", "password", "x")
	f.Add(whole)
	f.Add([]byte{1, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, frame []byte) {
		fields, ok := job.Decode(frame)
		if !ok {
			return
		}
		made := job.New(make([]byte, job.MaxFrame))
		for name, value := range fields {
			made.Add(name, string(value))
		}
		if again, ok := made.Bytes(); !ok || len(again) != len(frame) {
			t.Errorf("%d bytes became %d", len(frame), len(again))
		}
	})
}

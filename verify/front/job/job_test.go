package job_test

import (
	"bytes"
	"testing"

	"ovpn-verify/verify/front/job"
)

func TestFieldsComeBackAsTheyWent(t *testing.T) {
	frame := job.New(nil)
	frame = job.Append(frame, "empty", "")
	frame = job.Append(frame, "binary", []byte("a\x00b\nc"))
	frame = job.Append(frame, "long", bytes.Repeat([]byte("x"), 5000))
	fields, ok := job.Decode(frame)
	if !ok || len(fields) != 3 || string(fields["binary"]) != "a\x00b\nc" || len(fields["long"]) != 5000 || len(fields["empty"]) != 0 {
		t.Errorf("decoded %v as %q", ok, fields)
	}
}

func TestDamagedFramesAreNoJobs(t *testing.T) {
	whole := job.Append(job.Append(job.New(nil), "username", "ada"), "password", "x")
	for n := range len(whole) {
		if n == 1 || n == 1+5+len("username")+len("ada") {
			continue // cut between two fields is a frame with fewer of them
		}
		if _, ok := job.Decode(whole[:n]); ok {
			t.Errorf("a frame cut after %d bytes was decoded", n)
		}
	}
	twice := job.Append(whole, "username", "eve")
	other := append([]byte{99}, whole[1:]...)
	large := job.Append(job.New(nil), "x", make([]byte, job.MaxFrame))
	for name, frame := range map[string][]byte{"field twice": twice, "other version": other, "too large": large} {
		if _, ok := job.Decode(frame); ok {
			t.Errorf("%s: decoded", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(job.Append(job.Append(job.New(nil), "username", "ada"), "password", "x"))
	f.Add([]byte{1, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, frame []byte) {
		fields, ok := job.Decode(frame)
		if !ok {
			return
		}
		again := job.New(nil)
		for name, value := range fields {
			again = job.Append(again, name, value)
		}
		if len(again) != len(frame) {
			t.Errorf("%d bytes became %d", len(frame), len(again))
		}
	})
}

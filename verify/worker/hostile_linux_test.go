package worker

import (
	"os"
	"strings"
	"testing"

	"ovpn-verify/verify/front/job"
)

// A frame that ends anywhere is not taken, and leaves no descriptor behind.
func TestFramesCutAnywhere(t *testing.T) {
	whole := frame("/c", job.Credentials, job.ReasonFile)
	f, ran := accepting(t)
	before := openFDs(t)
	for length := 1; length < len(whole); length++ { // of length 0 is no packet but the end
		// Cut between two fields it is a frame, of fewer fields than files came with.
		if got := f.offer(t, whole[:length], 2, false); got != "" {
			t.Errorf("cut after %d of %d bytes: answered %q", length, len(whole), got)
		}
	}
	f.want(t, "", "")
	if len(ran) > 0 || f.pending != 0 {
		t.Error("a job was run")
	}
	if after := openFDs(t); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// The user that the worker has become may have other processes: jobs come from
// the user id that started the worker and nobody else.
func TestJobFromAnotherUser(t *testing.T) {
	f, ran := accepting(t)
	f.startedBy = os.Geteuid() + 1
	if got := f.offer(t, frame("/c", job.Credentials, job.ReasonFile), 2, false); got != "" {
		t.Errorf("answered %q", got)
	}
	f.want(t, "", "")
	if len(ran) > 0 || !strings.Contains(f.log.String(), "a job from user id") {
		t.Errorf("the log says %s", f.log.String())
	}
}

package worker

import (
	"context"
	"testing"

	"ovpn-verify/verify/front/job"
	"ovpn-verify/verify/openvpn"
)

func TestSessionJobsAreTakenOverTheSocket(t *testing.T) {
	f, _ := accepting(t)
	calls := make(chan openvpn.Call, 1)
	f.Connect = func(_ context.Context, c openvpn.Call, r *openvpn.ConnectResults) {
		_ = r.Accept("push \"x\"\n")
		calls <- c
	}
	f.Disconnect = func(_ context.Context, c openvpn.Call) { calls <- c }
	if got := f.offer(t, eventFrame(job.ClientConnect, "/c", "username"), 2, false); got != "A" {
		t.Fatalf("client-connect: answered %q", got)
	}
	if c := <-calls; c.Event != openvpn.ClientConnect || c.Username != "x\ny\n" {
		t.Errorf("%+v", c)
	}
	f.running.Wait()
	f.want(t, "1", "push \"x\"\n")
	before := openFDs(t)
	if got := f.offer(t, eventFrame(job.ClientDisconnect, "/c"), 0, false); got != "A" {
		t.Fatalf("client-disconnect: answered %q", got)
	}
	if c := <-calls; c.Event != openvpn.ClientDisconnect {
		t.Errorf("%+v", c)
	}
	f.running.Wait()
	if after := openFDs(t); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// What is cut, or of another event, is refused by name and takes no file along.

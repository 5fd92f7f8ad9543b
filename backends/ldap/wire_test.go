package ldap

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"

	"ovpn-verify/backends/backendtest/fakeldap"
)

func TestAServerCannotFillTheMemory(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	go func() {
		block := make([]byte, 1<<20)
		for {
			if _, err := theirs.Write(block); err != nil {
				return
			}
		}
	}()
	n, err := io.Copy(io.Discard, newWire(ours))
	if !errors.Is(err, errTooMuch) || n > maxReplies {
		t.Errorf("%d bytes, then %v", n, err)
	}
}

func TestADeeplyNestedAnswerIsNotRead(t *testing.T) {
	op := operation(goldap.ApplicationBindResponse)
	inner := ber.NewSequence("")
	for range maxAnswerDepth {
		outer := ber.NewSequence("")
		outer.AppendChild(inner)
		inner = outer
	}
	op.AppendChild(inner)
	if p, err := onlyMessage(bytes.NewReader(message(1, op, nil).Bytes())); err == nil {
		t.Errorf("read %v", p)
	}
}

// TestNoGoroutineStaysBehind goes through the ends that are hardest on the
// library: its goroutines must be gone once the login is decided.
func TestNoGoroutineStaysBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := fakeldap.Start(fakeldap.Example())
	if err != nil {
		t.Fatal(err)
	}
	c := exampleConfig(t, s)
	c.Timeout = minTimeout
	b := newBackend(t, c)
	for _, m := range []fakeldap.Manner{
		"", fakeldap.Silent, fakeldap.Close, fakeldap.Drip, fakeldap.Flood, fakeldap.WrongID, fakeldap.Twice, fakeldap.Goodbye,
	} {
		s.Misbehave(fakeldap.UserBind, fakeldap.Fault{Manner: m})
		ada(t, b)
	}
	s.Close()
	for deadline := time.Now().Add(2 * time.Second); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			stacks = stacks[:runtime.Stack(stacks, true)]
			t.Fatalf("%d goroutines before, %d after, %d in go-ldap\n%s", before, runtime.NumGoroutine(),
				strings.Count(string(stacks), "go-ldap"), stacks)
		}
	}
}

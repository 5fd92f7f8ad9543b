package testbed

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"time"
)

const pingInterval = 50 * time.Millisecond

// Ping is a stream of echo requests through a client's tunnel, one in 50 ms.
type Ping struct{ process *process }

// PingResult is what became of them. A request whose answer comes late counts as
// received with a long round trip: that is how a daemon that stood still looks.
type PingResult struct {
	Sent, Received int
	RTT            []time.Duration // of each answer, in the order of their arrival
}

// Lost is the number of requests without an answer.
func (r PingResult) Lost() int { return r.Sent - r.Received }

// Max is the longest round trip, 0 when there was none.
func (r PingResult) Max() time.Duration {
	if len(r.RTT) == 0 {
		return 0
	}
	return slices.Max(r.RTT)
}

// StartPing sends requests from a connected client with a Tunnel to the server's
// end until Stop. Its first answer has come when it returns.
func (c *Client) StartPing(s *Server) (*Ping, error) {
	log := c.network.Path(fmt.Sprintf("ping%d.log", c.network.next()))
	// A request is given up after the whole run, so that a long stall is seen as
	// its length and not as a loss.
	cmd := c.network.Command(context.Background(), c.network.ClientNS, "ping", "-n", "-W", "30",
		"-i", strconv.FormatFloat(pingInterval.Seconds(), 'f', -1, 64), "-I", c.device, s.TunnelIP)
	p, err := spawn(cmd, log)
	if err != nil {
		return nil, fmt.Errorf("testbed: %w", err)
	}
	c.network.atClose(p.stop, log)
	_, err = p.waitLog(pingAnswer, startTimeout)
	return &Ping{p}, err
}

// Stop ends the stream and counts. It does so right after an answer: a request
// that is on its way when ping ends would look lost.
func (p *Ping) Stop() (PingResult, error) {
	before := p.answers()
	_ = poll(stopGrace, func() bool { return p.answers() > before }) // none comes: they are lost
	if err := p.process.cmd.Process.Signal(syscall.SIGINT); err != nil {
		return PingResult{}, withTail(fmt.Errorf("ping: %w", err), p.process.log)
	}
	if _, err := p.process.waitLog(pingSummary, stopGrace); err != nil {
		return PingResult{}, err
	}
	return parsePing(readText(p.process.log))
}

func (p *Ping) answers() int {
	return len(pingAnswer.FindAllStringIndex(readText(p.process.log), -1))
}

var (
	pingAnswer  = regexp.MustCompile(`icmp_seq=\d+ ttl=\d+ time=([0-9.]+) ms`)
	pingSummary = regexp.MustCompile(`(\d+) packets transmitted, (\d+) received`)
)

func parsePing(text string) (PingResult, error) {
	m := pingSummary.FindStringSubmatch(text)
	if m == nil {
		return PingResult{}, fmt.Errorf("ping: no summary in %q", text)
	}
	var r PingResult
	r.Sent, _ = strconv.Atoi(m[1])
	r.Received, _ = strconv.Atoi(m[2])
	for _, answer := range pingAnswer.FindAllStringSubmatch(text, -1) {
		ms, err := strconv.ParseFloat(answer[1], 64)
		if err != nil {
			return r, fmt.Errorf("ping: %w", err)
		}
		r.RTT = append(r.RTT, time.Duration(ms*float64(time.Millisecond)))
	}
	return r, nil
}

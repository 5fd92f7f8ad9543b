// Package status counts logins and backends' answers, across workers, for
// `ovpn-verify status` and for Prometheus. It promises that no login waits for it
// and that none fails by it: what cannot be written now is written later, or lost.
//
// The counters of all workers that share a state stand in one file beside the
// database. They name servers and reasons, never users.
package status

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// Snapshot is what the file holds.
type Snapshot struct {
	Since   time.Time // when counting began
	Logins  []Logins
	Took    Histogram // of logins
	Servers []Server
	Workers []Worker // those that run
}

// End is what can become of a login.
type End struct{ Verdict, Reason string }

// Logins is how many came to this end.
type Logins struct {
	Backend, Verdict, Reason string
	Count                    uint64
}

// Server is what the last logins found of one.
type Server struct {
	Backend, Name string
	Up            bool          // the last request was answered
	Changed       time.Time     // when Up became what it is
	Answered      time.Time     // the last time; zero: never
	Last          time.Duration // the last answer took
	Cause         string        // of the last failure
	Failed        uint64        // requests without an answer, which are in Took as well
	Took          Histogram     // of all requests
}

// Worker is a process that decides logins.
type Worker struct {
	PID     int
	Started time.Time
	Version string
	Config  string // path of its configuration
	Pending int    // logins under way when it last wrote

	Lock int64 // offset of the byte of the file that it keeps locked while it lives
}

// Locked is how many are locked out.
type Locked struct {
	Users, Addresses int
	Until            time.Time // the last of them
}

// maxServers bounds the file where a directory's servers come and go (SRV records).
const maxServers = 64

// add takes over what was counted since the last time.
func (s *Snapshot) add(d *Snapshot) {
	for _, l := range d.Logins {
		s.logins(l.Backend, l.Verdict, l.Reason).Count += l.Count
	}
	s.Took.add(d.Took)
	for _, news := range d.Servers {
		if old := s.server(news.Backend, news.Name); old != nil {
			old.add(news)
		}
	}
}

func (s *Snapshot) logins(backend, verdict, reason string) *Logins {
	i := slices.IndexFunc(s.Logins, func(l Logins) bool {
		return l.Backend == backend && l.Verdict == verdict && l.Reason == reason
	})
	if i < 0 {
		i, s.Logins = len(s.Logins), append(s.Logins, Logins{Backend: backend, Verdict: verdict, Reason: reason})
	}
	return &s.Logins[i]
}

// server is nil for one too many.
func (s *Snapshot) server(backend, name string) *Server {
	i := slices.IndexFunc(s.Servers, func(v Server) bool { return v.Backend == backend && v.Name == name })
	if i < 0 && len(s.Servers) == maxServers {
		return nil
	}
	if i < 0 {
		i, s.Servers = len(s.Servers), append(s.Servers, Server{Backend: backend, Name: name})
	}
	return &s.Servers[i]
}

func (v *Server) add(news Server) {
	if v.Up != news.Up || v.Changed.IsZero() {
		v.Up, v.Changed = news.Up, news.Changed
	}
	if news.Answered.After(v.Answered) {
		v.Answered, v.Last = news.Answered, news.Last
	}
	if news.Cause != "" {
		v.Cause = news.Cause
	}
	v.Failed += news.Failed
	v.Took.add(news.Took)
}

// Config is the section [metrics].
type Config struct {
	Textfile string `toml:"textfile" path:"output"` // for node_exporter; empty: none
}

// Validate reports every fault.
func (c Config) Validate() error {
	if c.Textfile != "" && !validName(c.Textfile) {
		return fmt.Errorf("metrics.textfile must name a file that ends in .prom, as node_exporter reads no other, not %q", filepath.Base(c.Textfile))
	}
	return nil
}

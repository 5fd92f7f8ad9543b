package main

import (
	"encoding/json"
	"os"
	"time"

	"ovpn-verify/verify/state"
	"ovpn-verify/verify/status"
)

// statusFormat is raised when a program that reads the form would have to change.
const statusFormat = 1

// statusJSON is what `status --json` prints; docs/status.md describes it.
type statusJSON struct {
	Format  int          `json:"format"`
	Now     string       `json:"now"`
	Running bool         `json:"running"`
	Workers []workerJSON `json:"workers"`
	Since   string       `json:"since,omitempty"`
	Logins  timesJSON    `json:"logins"`
	Ends    []endJSON    `json:"ends"`
	Servers []serverJSON `json:"servers"`
	Locked  []lockJSON   `json:"locked"`
	Faults  []string     `json:"faults"`
}

type workerJSON struct {
	PID     int    `json:"pid"`
	Started string `json:"started"`
	Version string `json:"version"`
	Config  string `json:"config"`
	Pending int    `json:"pending"`
}

// timesJSON has bounds in place of what half, 95 % and 99 % took; 0 for more than
// half a minute.
type timesJSON struct {
	Count  uint64  `json:"count"`
	MeanMS float64 `json:"mean_ms"`
	P50MS  float64 `json:"p50_ms"`
	P95MS  float64 `json:"p95_ms"`
	P99MS  float64 `json:"p99_ms"`
}

type endJSON struct {
	Backend string `json:"backend"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason,omitempty"`
	Count   uint64 `json:"count"`
}

type serverJSON struct {
	Backend        string    `json:"backend"`
	Server         string    `json:"server"`
	Up             bool      `json:"up"`
	Changed        string    `json:"changed"`
	Answered       string    `json:"answered,omitempty"`
	LastMS         float64   `json:"last_ms,omitempty"`
	Requests       timesJSON `json:"requests"`
	Failures       uint64    `json:"failures"`
	Cause          string    `json:"cause,omitempty"`
	AskedLastUntil string    `json:"asked_last_until,omitempty"`
}

type lockJSON struct {
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	Until string `json:"until"`
}

func statusDocument(s currentStatus, fault error) statusJSON {
	doc := statusJSON{
		Format: statusFormat, Now: at(s.now), Running: len(s.counted.Workers) > 0, Since: at(s.counted.Since),
		Logins: timesOf(s.counted.Took), Workers: []workerJSON{}, Ends: []endJSON{}, Servers: []serverJSON{}, Locked: []lockJSON{}, Faults: []string{},
	}
	for _, w := range s.counted.Workers {
		doc.Workers = append(doc.Workers, workerJSON{w.PID, at(w.Started), shown(w.Version), shown(w.Config), w.Pending})
	}
	for _, l := range s.counted.Logins {
		doc.Ends = append(doc.Ends, endJSON{shown(l.Backend), shown(l.Verdict), shown(l.Reason), l.Count})
	}
	for _, v := range s.counted.Servers {
		doc.Servers = append(doc.Servers, serverJSON{
			Backend: shown(v.Backend), Server: shown(v.Name), Up: v.Up, Changed: at(v.Changed),
			Answered: at(v.Answered), LastMS: milliseconds(v.Last), Requests: timesOf(v.Took), Failures: v.Failed,
			Cause: shown(v.Cause), AskedLastUntil: at(s.avoided[serverMemory{backend: v.Backend}.name(v.Name)]),
		})
	}
	for _, l := range s.locks {
		doc.Locked = append(doc.Locked, lockJSON{lockKinds[l.Kind], shown(l.Name), at(l.Until)})
	}
	if fault != nil {
		doc.Faults = append(doc.Faults, shown(fault.Error()))
	}
	return doc
}

// lockKinds are the words of `status` for what is locked.
var lockKinds = map[string]string{state.CountUser: "user", state.CountFactor: "codes", state.CountAddress: "address"}

func timesOf(h status.Histogram) timesJSON {
	return timesJSON{h.Count(), milliseconds(h.Mean()), milliseconds(h.Within(0.5)), milliseconds(h.Within(0.95)), milliseconds(h.Within(0.99))}
}

// at is empty for no time at all.
func at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (d statusJSON) print() {
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	_ = enc.Encode(d)
}

package status

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// metrics is the text format 0.0.4 of Prometheus.
func metrics(s Snapshot, locked Locked, version string) string {
	var m exposition
	m.family("build_info", "gauge", "1, with the version that wrote this")
	m.value("build_info", 1, "version", version)
	m.family("counters_since_timestamp_seconds", "gauge", "when counting began")
	m.value("counters_since_timestamp_seconds", seconds(s.Since))
	m.logins(s)
	m.workers(s.Workers)
	m.servers(s.Servers)
	m.locked(locked)
	return m.text.String()
}

type exposition struct{ text strings.Builder }

func (m *exposition) family(name, kind, help string) {
	fmt.Fprintf(&m.text, "# HELP ovpn_verify_%s %s\n# TYPE ovpn_verify_%[1]s %[3]s\n", name, help, kind)
}

// value takes labels as pairs of name and value.
func (m *exposition) value(name string, value float64, labels ...string) {
	m.text.WriteString("ovpn_verify_" + name)
	for i := 0; i < len(labels); i += 2 {
		separator := ","
		if i == 0 {
			separator = "{"
		}
		m.text.WriteString(separator + labels[i] + `="` + escaped(labels[i+1]) + `"`)
	}
	if len(labels) > 0 {
		m.text.WriteString("}")
	}
	m.text.WriteString(" " + strconv.FormatFloat(value, 'g', -1, 64) + "\n")
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

func escaped(value string) string {
	return labelEscapes.Replace(strings.ToValidUTF8(value, string(utf8.RuneError)))
}

func (m *exposition) histogram(name string, h Histogram, labels ...string) {
	var seen uint64
	for i, bound := range bounds {
		seen += h.Counts[i]
		m.value(name+"_bucket", float64(seen), append(slices.Clone(labels), "le", strconv.FormatFloat(bound, 'g', -1, 64))...)
	}
	m.value(name+"_bucket", float64(h.Count()), append(slices.Clone(labels), "le", "+Inf")...)
	m.value(name+"_sum", h.Sum.Seconds(), labels...)
	m.value(name+"_count", float64(h.Count()), labels...)
}

func (m *exposition) logins(s Snapshot) {
	m.family("logins_total", "counter", "logins by what became of them")
	for _, l := range s.Logins {
		m.value("logins_total", float64(l.Count), "backend", l.Backend, "verdict", l.Verdict, "reason", l.Reason)
	}
	m.family("login_seconds", "histogram", "from a login's arrival in the worker to its verdict")
	m.histogram("login_seconds", s.Took)
}

func (m *exposition) workers(workers []Worker) {
	m.family("workers", "gauge", "worker processes, 0 on an idle server")
	m.value("workers", float64(len(workers)))
	pending, started := 0, time.Time{}
	for _, w := range workers {
		pending += w.Pending
		if started.IsZero() || w.Started.Before(started) {
			started = w.Started
		}
	}
	m.family("logins_pending", "gauge", "logins under way")
	m.value("logins_pending", float64(pending))
	if !started.IsZero() {
		m.family("worker_start_time_seconds", "gauge", "when the oldest worker began")
		m.value("worker_start_time_seconds", seconds(started))
	}
}

func (m *exposition) servers(servers []Server) {
	if len(servers) == 0 {
		return
	}
	each := func(name, kind, help string, value func(Server, ...string)) {
		m.family(name, kind, help)
		for _, v := range servers {
			value(v, "backend", v.Backend, "server", v.Name)
		}
	}
	each("backend_up", "gauge", "whether the last request of a login was answered", func(v Server, labels ...string) {
		up := 0.0
		if v.Up {
			up = 1
		}
		m.value("backend_up", up, labels...)
	})
	each("backend_last_answer_timestamp_seconds", "gauge", "when a server answered last, 0 for never", func(v Server, labels ...string) {
		m.value("backend_last_answer_timestamp_seconds", seconds(v.Answered), labels...)
	})
	each("backend_failures_total", "counter", "requests that were not answered", func(v Server, labels ...string) {
		m.value("backend_failures_total", float64(v.Failed), labels...)
	})
	each("backend_request_seconds", "histogram", "time of each request: connect, bind, search, Access-Request", func(v Server, labels ...string) {
		m.histogram("backend_request_seconds", v.Took, labels...)
	})
}

func (m *exposition) locked(l Locked) {
	m.family("locked_users", "gauge", "users locked out by password or code, up to half a minute before this was written")
	m.value("locked_users", float64(l.Users))
	m.family("locked_addresses", "gauge", "addresses locked out, up to half a minute before this was written")
	m.value("locked_addresses", float64(l.Addresses))
	m.family("locked_until_timestamp_seconds", "gauge", "when the last of those lock-outs ends, 0 without one")
	m.value("locked_until_timestamp_seconds", seconds(l.Until))
}

// seconds is 0 for no time at all.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

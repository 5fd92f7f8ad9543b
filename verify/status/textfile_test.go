package status

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"ovpn-verify/verify/trace"
)

var (
	sampleLine = regexp.MustCompile(`^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\n"])*",?)+)\})? (\S+)$`)
)

// parseMetrics reads the text format strictly: one HELP and one TYPE for each
// family before its samples, all samples of a family together, none twice, counters
// named so, histograms that add up.
func parseMetrics(t *testing.T, text string) map[string]float64 {
	t.Helper()
	samples, kinds, family := map[string]float64{}, map[string]string{}, ""
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if name, ok := strings.CutPrefix(line, "# HELP "); ok {
			family, _, _ = strings.Cut(name, " ")
			if kinds[family] != "" {
				t.Errorf("two families %s", family)
			}
			continue
		}
		if kind, ok := strings.CutPrefix(line, "# TYPE "+family+" "); ok {
			kinds[family] = kind
			if (kind == "counter") != strings.HasSuffix(family, "_total") {
				t.Errorf("%s is a %s", family, kind)
			}
			continue
		}
		parts := sampleLine.FindStringSubmatch(line)
		if parts == nil {
			t.Errorf("no sample: %q", line)
			continue
		}
		base := parts[1]
		if kinds[family] == "histogram" {
			base = regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(base, "")
		}
		value, err := strconv.ParseFloat(parts[3], 64)
		series := strings.TrimSuffix(line, " "+parts[3])
		if _, twice := samples[series]; twice || err != nil || base != family {
			t.Errorf("%q in %s, twice: %t, %v", line, family, twice, err)
		}
		samples[series] = value
	}
	checkHistograms(t, samples)
	return samples
}

func checkHistograms(t *testing.T, samples map[string]float64) {
	for series, count := range samples {
		name, labels, _ := strings.Cut(strings.TrimSuffix(series, "}"), "{")
		if name, ok := strings.CutSuffix(name, "_count"); ok {
			if labels != "" {
				labels += ","
			}
			previous := 0.0
			for _, bound := range append(bounds[:], 0) {
				le := strconv.FormatFloat(bound, 'g', -1, 64)
				if bound == 0 {
					le = "+Inf"
				}
				n, there := samples[name+"_bucket{"+labels+`le="`+le+`"}`]
				if !there || n < previous {
					t.Errorf("%s: bucket %s has %v after %v", series, le, n, previous)
				}
				previous = n
			}
			if previous != count {
				t.Errorf("%s: %v in all buckets, %v in all", series, previous, count)
			}
		}
	}
}

func TestTextfile(t *testing.T) {
	dir := t.TempDir()
	o := Options{
		Path: filepath.Join(dir, "s"), Textfile: filepath.Join(dir, "ovpn-verify.prom"),
		Series: []End{{"accepted", ""}, {"refused", "wrong-password"}},
		Worker: Worker{PID: 1, Started: time.Unix(1_800_000_000, 0), Version: "v1"},
		Locked: func() (Locked, error) { return Locked{2, 1, time.Unix(1_800_000_600, 0)}, nil },
	}
	r := start(t, o)
	for _, took := range []time.Duration{0, time.Millisecond, 3 * time.Millisecond, time.Minute} {
		r.Began()
		r.Login("accepted", "", took)
	}
	r.Began() // and does not end
	r.Step(trace.Step{Name: "search", Server: `ldap://a"b\c` + "\n\xff", Took: 2 * time.Second})
	r.Step(trace.Step{Name: "search", Server: "ldap://down", Took: time.Second, Err: errors.New("no")})
	r.write()
	content, err := os.ReadFile(o.Textfile)
	if err != nil {
		t.Fatal(err)
	}
	got := parseMetrics(t, string(content))
	for series, want := range map[string]float64{
		`ovpn_verify_build_info{version="v1"}`:                                                   1,
		`ovpn_verify_logins_total{backend="ldap",verdict="accepted",reason=""}`:                  4,
		`ovpn_verify_logins_total{backend="ldap",verdict="refused",reason="wrong-password"}`:     0,
		`ovpn_verify_login_seconds_count`:                                                        4,
		`ovpn_verify_login_seconds_bucket{le="0.001"}`:                                           2,
		`ovpn_verify_login_seconds_sum`:                                                          60.004,
		`ovpn_verify_logins_pending`:                                                             1,
		`ovpn_verify_workers`:                                                                    1,
		`ovpn_verify_worker_start_time_seconds`:                                                  1_800_000_000,
		`ovpn_verify_locked_users`:                                                               2,
		`ovpn_verify_locked_addresses`:                                                           1,
		`ovpn_verify_locked_until_timestamp_seconds`:                                             1_800_000_600,
		`ovpn_verify_backend_up{backend="ldap",server="ldap://down"}`:                            0,
		`ovpn_verify_backend_up{backend="ldap",server="ldap://a\"b\\c\n�"}`:                      1,
		`ovpn_verify_backend_failures_total{backend="ldap",server="ldap://down"}`:                1,
		`ovpn_verify_backend_last_answer_timestamp_seconds{backend="ldap",server="ldap://down"}`: 0,
	} {
		if v, there := got[series]; !there || v != want {
			t.Errorf("%s is %v, want %v\n%s", series, v, want, content)
		}
	}
	if info, err := os.Stat(o.Textfile); err != nil || info.Mode() != 0o644 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	r.Close()
	content, _ = os.ReadFile(o.Textfile)
	if got := parseMetrics(t, string(content)); got["ovpn_verify_workers"] != 0 || got["ovpn_verify_logins_total{backend=\"ldap\",verdict=\"accepted\",reason=\"\"}"] != 4 {
		t.Errorf("after the end:\n%s", content)
	}
}

// A folder for the metrics that is not there costs the counters nothing.
func TestCountersDoNotNeedTheTextfile(t *testing.T) {
	dir := t.TempDir()
	var told []error
	r := Start(Options{Path: filepath.Join(dir, "s"), Textfile: filepath.Join(dir, "no", "m.prom"), Failed: func(err error) { told = append(told, err) }})
	for range 2 {
		r.Began()
		r.Login("accepted", "", 0)
		r.write()
	}
	r.Close()
	if s, err := Read(r.Path); err != nil || s.Logins[0].Count != 2 || len(told) != 1 || !strings.Contains(told[0].Error(), "metrics.textfile: ") {
		t.Errorf("%+v, %v, %q", s, err, told)
	}
}

func TestHistogram(t *testing.T) {
	var h Histogram
	if h.Mean() != 0 || h.Within(0.95) != 0 {
		t.Errorf("%v, %v", h.Mean(), h.Within(0.95))
	}
	for range 19 {
		h.observe(4 * time.Millisecond)
	}
	h.observe(time.Hour)
	if h.Within(0.95) != 5*time.Millisecond || h.Within(1) != 0 || h.Count() != 20 {
		t.Errorf("%v, %v, %d", h.Within(0.95), h.Within(1), h.Count())
	}
}

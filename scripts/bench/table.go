package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// loadAverage is of the last minute: what others did on the machine.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(text))[0]
}

// machine says where and of what the figures are.
func machine(binary, dir, load string) string {
	version, _ := exec.Command(binary, "version").Output()
	kernel, _ := exec.Command("uname", "-sr").Output()
	var size int64
	if info, err := os.Stat(binary); err == nil {
		size = info.Size()
	}
	return fmt.Sprintf("%s, %d processors, %s, load before %s, files in %s (%s)\n%s, %.1f MB\n",
		strings.TrimSpace(string(kernel)), runtime.NumCPU(), time.Now().Format(time.DateOnly), load,
		filepath.Dir(dir), filesystem(dir), strings.Join(strings.Fields(string(version)), " "), float64(size)/1e6)
}

func filesystem(dir string) string {
	out, err := exec.Command("stat", "-f", "-c", "%T", dir).Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// callTable has one row for each program, with the ratios to the empty Go one.
func callTable(programs []program, all [][]sample, runs int) string {
	base := slices.IndexFunc(programs, func(p program) bool { return p.name == nameGo })
	blocked := func(s sample) float64 { return ms(s.blocked) }
	goMedian, goHigh := percentile(all[base], blocked, 50), percentile(all[base], blocked, 99)
	var b strings.Builder
	fmt.Fprintf(&b, "\nfork, exec and wait, %d calls of each in turn, ms\n\n", runs)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "median\tp99\tmedian / Go's\tp99 / Go's\tpage faults\tverdict after\t\t")
	for i, p := range programs {
		median, high := percentile(all[i], blocked, 50), percentile(all[i], blocked, 99)
		verdict := "–"
		if v := percentile(all[i], func(s sample) float64 { return ms(s.verdict) }, 50); v > 0 {
			verdict = fmt.Sprintf("%.2f", v)
		}
		faults := percentile(all[i], func(s sample) float64 { return float64(s.faults) }, 50)
		fmt.Fprintf(t, "%.3f\t%.3f\t%.2f\t%.2f\t%.0f\t%s\t\t%s\n", median, high, median/goMedian, high/goHigh, faults, verdict, p.name)
	}
	t.Flush()
	return b.String()
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// percentile sorts the values that of picks and returns the one at percent.
func percentile[T any](samples []T, of func(T) float64, percent int) float64 {
	if len(samples) == 0 {
		return 0
	}
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[min(len(values)-1, len(values)*percent/100)]
}

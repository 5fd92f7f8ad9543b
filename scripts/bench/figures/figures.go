// Package figures is what the benchmarks share: where their figures are from, and
// how many samples become one.
package figures

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Load is the load average of the last minute: what others did on the machine.
func Load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(text))[0]
}

// Machine says where and of what the figures are. load is from before the run.
func Machine(binary, dir, load string) string {
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

// Ms is in milliseconds.
func Ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Percentile sorts the values that of picks and returns the one at percent.
func Percentile[T any](samples []T, of func(T) float64, percent int) float64 {
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

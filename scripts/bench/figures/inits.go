package figures

import (
	"cmp"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// Init is what a package's variables and init functions cost each process that comes
// so far as to run them.
type Init struct {
	Package   string
	Took      time.Duration // the median of several starts
	Allocates int64         // bytes
}

// starts are so many that a median means something.
const starts = 21

var initLine = regexp.MustCompile(`init (\S+) @\S+ ms, (\S+) ms clock, (\d+) bytes`)

// Inits are the program's, the longest first (GODEBUG=inittrace=1).
func Inits(binary string) ([]Init, error) {
	took, allocates := map[string][]float64{}, map[string]int64{}
	for range starts {
		cmd := exec.Command(binary, "version")
		cmd.Env = []string{"GODEBUG=inittrace=1"}
		out, err := cmd.CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("%w\n%s", err, out)
		}
		for _, m := range initLine.FindAllStringSubmatch(string(out), -1) {
			ms, _ := strconv.ParseFloat(m[2], 64)
			bytes, _ := strconv.ParseInt(m[3], 10, 64)
			took[m[1]], allocates[m[1]] = append(took[m[1]], ms), bytes
		}
	}
	var inits []Init
	for path, all := range took {
		ms := Percentile(all, func(v float64) float64 { return v }, 50)
		inits = append(inits, Init{path, time.Duration(ms * float64(time.Millisecond)), allocates[path]})
	}
	slices.SortFunc(inits, func(a, b Init) int { return cmp.Compare(b.Took, a.Took) })
	return inits, nil
}

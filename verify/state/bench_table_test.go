package state

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

var (
	benchTable  = flag.Bool("table", false, "print what a login costs the store, with few records and many")
	benchRounds = flag.Int("rounds", 200, "with -table: so many of each")
)

var benchSizes = []int{100, 10_000, 1_000_000}

// benchStore is one with size records of a kind, or of every kind, and a hundred of
// the others.
type benchStore struct {
	size  int
	users int
	path  string
	*Store
}

// tableKinds are what there can be many of.
var tableKinds = []struct{ name, bucket string }{
	{"all of these at once", ""},
	{"users enrolled", bucketEnrolments},
	{"spent codes", bucketSteps},
	{"pending challenges", bucketChallenges},
	{"sessions", bucketSessions},
	{"failed attempts", bucketAttempts},
}

func newBenchStore(dir, bucket string, size int) (*benchStore, error) {
	const others = 100
	b := &benchStore{size: size, users: others, path: filepath.Join(dir, fmt.Sprintf("%d%s.db", size, strings.ReplaceAll(bucket, " ", "-")))}
	if bucket == "" {
		b.users = size
	}
	b.Store = Open(b.path, b.path+".key")
	return b, fill(b.path, func(of string) int {
		if of == bucket || bucket == "" {
			return size
		}
		return others
	})
}

// took is how long op takes, in milliseconds; an error ends the process.
func took(op func() error) float64 {
	began := time.Now()
	if err := op(); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	return float64(time.Since(began)) / float64(time.Millisecond)
}

// printTable measures in turn with few records and with many, so that whatever else
// the machine does meanwhile is in all columns.
func printTable() int {
	dir, err := os.MkdirTemp("", "ovpn-verify-bench-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(dir)
	header(dir)
	for _, kind := range tableKinds {
		if err := printKind(dir, kind.name, kind.bucket); err != nil {
			fmt.Println(err)
			return 1
		}
	}
	disk := median(*benchRounds, func() float64 { return took(func() error { return diskAlone(filepath.Join(dir, "alone")) }) })
	fmt.Printf("\n%-44s %8.2f\n", "the disk alone, for a login's two writes", disk)
	fmt.Print(bound)
	return 0
}

// bound is what the figures mean.
const bound = `
The last line is the part of it that is the disk's: two transactions, each of which writes pages, waits for them, writes one more
and waits again, here with eight pages and no database. What grows with the records is the depth of their trees, with its
logarithm: more pages to read, check and rewrite. Where 64 logins share the waiting that is most of what is left.
`

func header(dir string) {
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Printf("What a login costs the state store, medians of %d, ms; %s, %d processors, load before %s\n",
		*benchRounds, time.Now().Format(time.DateOnly), runtime.NumCPU(), strings.Fields(string(load) + " ?")[0])
	fmt.Printf("files in %s, all of them in the page cache\n\n%-44s", filepath.Dir(dir), "records")
	for _, size := range benchSizes {
		fmt.Printf(" %8d", size)
	}
	fmt.Println("    ratio")
}

func printKind(dir, name, bucket string) (err error) {
	var stores []*benchStore
	defer func() {
		for _, b := range stores {
			b.Close()
			err = errors.Join(err, os.Remove(b.path))
		}
	}()
	for _, size := range benchSizes {
		b, err := newBenchStore(dir, bucket, size)
		if err != nil {
			return err
		}
		stores = append(stores, b)
	}
	fmt.Printf("\n%s\n", name)
	printFirst(stores)
	printRow("a login with password and code", stores, *benchRounds, (*benchStore).login)
	if bucket != "" {
		return nil
	}
	printRow("a login's question and the answer", stores, *benchRounds, func(b *benchStore) float64 {
		return took(func() error { return benchQuestion(b.Store, rand.IntN(b.users)) })
	})
	printRow("of 64 logins at once, each", stores, max(1, *benchRounds/10), func(b *benchStore) float64 {
		return took(func() error { return atOnce(64, b.Store, rand.IntN(b.users), b.users) }) / 64
	})
	return nil
}

func (b *benchStore) login() float64 {
	return took(func() error { return benchLogin(b.Store, rand.IntN(b.users)) })
}

// printFirst is about processes that begin.
func printFirst(stores []*benchStore) {
	logins := map[*benchStore][]float64{}
	printRow("the first look of a process", stores, max(1, *benchRounds/4), func(b *benchStore) float64 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=first %s %d", roleEnv, b.path, rand.IntN(b.users)))
		out, err := cmd.Output()
		var look, login float64
		if _, scanErr := fmt.Sscan(string(out), &look, &login); err != nil || scanErr != nil {
			fmt.Printf("%s%v\n", out, err)
			os.Exit(1)
		}
		logins[b] = append(logins[b], login)
		return look
	})
	printRow("and the first login after it", stores, max(1, *benchRounds/4), func(b *benchStore) float64 {
		next := logins[b][0]
		logins[b] = logins[b][1:]
		return next
	})
}

func printRow(what string, stores []*benchStore, rounds int, measure func(*benchStore) float64) {
	all := make([][]float64, len(stores))
	for range rounds {
		for i, b := range stores {
			all[i] = append(all[i], measure(b))
		}
	}
	fmt.Printf("  %-42s", what)
	for _, ms := range all {
		slices.Sort(ms)
		fmt.Printf(" %8.2f", ms[len(ms)/2])
	}
	first, last := all[0], all[len(all)-1]
	fmt.Printf(" %8.2f\n", last[len(last)/2]/first[len(first)/2])
}

func median(rounds int, measure func() float64) float64 {
	var all []float64
	for range rounds {
		all = append(all, measure())
	}
	slices.Sort(all)
	return all[len(all)/2]
}

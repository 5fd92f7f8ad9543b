package state

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// roleEnv makes the test binary play another process: "role path argument".
const roleEnv = "OVPN_VERIFY_STATE_TEST_ROLE"

func TestMain(m *testing.M) {
	role := strings.Fields(os.Getenv(roleEnv))
	if len(role) == 0 {
		flag.Parse()
		run := m.Run
		if *benchTable {
			run = printTable
		}
		status := run()
		for _, end := range atExit {
			end()
		}
		os.Exit(status)
	}
	s := Open(role[1], role[1]+".key")
	switch role[0] {
	case "spend": // waits for its standard input to end, then spends one step
		_, _ = bufio.NewReader(os.Stdin).ReadByte()
		fmt.Println(s.SpendStep(context.Background(), "ada", 7, Counter{}, now))
	case "take":
		_, _ = bufio.NewReader(os.Stdin).ReadByte()
		_, err := s.TakeChallenge(context.Background(), "id", now)
		fmt.Println(err)
	case "write": // spends step after step until it is killed, for ada or who is named
		identity := append(role, "ada")[3]
		for step, _ := strconv.ParseUint(role[2], 10, 64); ; step++ {
			if err := s.SpendStep(context.Background(), identity, step, Counter{}, now); err != nil {
				fmt.Println("error", err)
				return
			}
			fmt.Println(step)
		}
	case "backup-cramped": // may write files of two pages only
		signal.Ignore(syscall.SIGXFSZ)
		_ = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 2 * pageSize, Max: 2 * pageSize})
		fmt.Println(s.Backup(context.Background(), role[2]))
	case "first": // says what the first operation costs, and the first login
		i, _ := strconv.Atoi(role[2])
		fmt.Println(took(func() error { return firstLook(s, i) }), took(func() error { return benchLogin(s, i) }))
	case "begin": // begins as many attempts as may fail, and waits to be killed
		for i := range user.Most {
			id := strconv.Itoa(i)
			fmt.Println(s.BeginAttempt(context.Background(), id, []Counter{user}, now, now.Add(time.Minute)))
		}
		_, _ = bufio.NewReader(os.Stdin).ReadByte()
	case "owner":
		judgeOwners(role[1])
	case "hold": // keeps the lock until its standard input ends
		f, err := s.openLockedForTest()
		fmt.Println(err)
		_, _ = bufio.NewReader(os.Stdin).ReadByte()
		f.Close()
	}
}

func (s *Store) openLockedForTest() (*os.File, error) {
	s.leaders.Wait()
	s.leading = true
	s.queue = []*call{{ctx: context.Background()}}
	return s.openLocked()
}

func process(t *testing.T, role ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"="+strings.Join(role, " "),
		"GORACE=atexit_sleep_ms=0") // the race detector otherwise waits a second at each exit
	cmd.Stderr = os.Stderr
	return cmd
}

var now = time.Unix(1_800_000_000, 0)

// newStore is a store in a folder of its own.
func newStore(t *testing.T) *Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	s := Open(path, path+".key")
	t.Cleanup(s.Close)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

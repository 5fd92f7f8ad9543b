//go:build e2e

package e2e_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"ovpn-verify/scripts/testbed"
)

// stockLimits are those of OpenVPN's own units: LimitNPROC=10 of Debian 12's
// openvpn-server@, TasksMax=10 of its openvpn@, and TasksMax=20 of newer ones. Each
// returns what starts a daemon within it, and how many tasks there are.
var stockLimits = map[string]func(w *world) (wrap []string, tasks func() int){
	"LimitNPROC=10": func(w *world) ([]string, func() int) {
		return []string{"prlimit", "--nproc=10"}, func() int { return tasksOf(w.uid) }
	},
	"TasksMax=10": func(w *world) ([]string, func() int) { return w.limitTasks(10) },
	"TasksMax=20": func(w *world) ([]string, func() int) { return w.limitTasks(20) },
}

func (w *world) limitTasks(most int) (wrap []string, tasks func() int) {
	w.t.Helper()
	group, err := testbed.LimitTasks(most)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		w.t.Logf("the limit refused %d tasks", group.Refused())
		if err := group.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return group.Wrap(), group.Now
}

// tasksOf counts a user's processes and threads, as RLIMIT_NPROC does.
func tasksOf(uid uint32) int {
	tasks := 0
	paths, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, path := range paths {
		status := read(path)
		if strings.Contains(status, fmt.Sprintf("\nUid:\t%d\t", uid)) {
			n := 0
			_, _ = fmt.Sscan(status[strings.Index(status, "Threads:")+len("Threads:"):], &n)
			tasks += n
		}
	}
	return tasks
}

// A thousand users log in at once, on a backend that takes two seconds, under
// each of the stock limits: through one worker, all get in but a few that a host
// short of processors cannot take, who read at once that they may try again.
func TestStormUnderStockLimits(t *testing.T) {
	for name, limit := range stockLimits {
		for backend, start := range map[string]func(*world) string{"users file": slowFile, "directory": slowDirectory} {
			t.Run(name+", "+backend, func(t *testing.T) {
				w := newLimitedWorld(t)
				program := start(w)
				wrap, tasks := limit(w)
				w.storm(program, wrap, tasks)
			})
		}
	}
}

// newLimitedWorld is that of a user that nothing else runs as: RLIMIT_NPROC counts
// a number's tasks on the whole machine.
func newLimitedWorld(t *testing.T) *world {
	w := newWorld(t)
	w.uid, w.gid = 64998, 64998
	for _, path := range []string{w.dir, w.path("ldap.secret")} {
		w.give(path)
	}
	waitForNobody(t, w.uid)
	return w
}

const stormLogins = 1000

func stormUser(i int) string { return fmt.Sprintf("user%04d", i) }

func slowFile(w *world) (program string) {
	hash, err := argon2id.CreateHash("lovelace-1815", &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		w.t.Fatal(err)
	}
	var users strings.Builder
	users.WriteString("[users]\n")
	for i := range stormLogins {
		fmt.Fprintf(&users, "%s = %q\n", stormUser(i), hash)
	}
	w.write("users.toml", users.String())
	w.configure("[login]\nbackend = \"file\"\nsecond_factor = \"none\"\n")
	program, err = slowProgram()
	if err != nil {
		w.t.Fatal(err)
	}
	return program
}

// slowProgram is built once, and removed after all tests.
var (
	slowProgram = sync.OnceValues(func() (string, error) {
		program, remove, err := testbed.BuildProgram("slowfile")
		if err == nil {
			removeSlowProgram = remove
		}
		return program, err
	})
	removeSlowProgram = func() {}
)

func slowDirectory(w *world) (program string) {
	var people strings.Builder
	for i := range stormLogins {
		fmt.Fprintf(&people, "dn: uid=%s,%s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: x\nsn: x\nuserPassword: lovelace-1815\n\n", stormUser(i), testbed.LDAPPeople)
	}
	dir := w.Path("here")
	if err := os.Mkdir(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	slapd, err := testbed.StartSlapdHere(dir, testbed.SlapdOptions{Entries: people.String()})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = slapd.Stop() })
	slow, err := testbed.StartSlowLDAP(strings.TrimPrefix(slapd.URL, "ldap://"), 2*time.Second, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = slow.Stop() })
	w.configure(fmt.Sprintf("[login]\nbackend = \"ldap\"\nsecond_factor = \"none\"\n[ldap]\nurls = [%q]\nbind_dn = %q\nbind_password_file = \"ldap.secret\"\nbase_dn = %q\n",
		slow.URL, testbed.LDAPBindDN, testbed.LDAPPeople))
	return binary
}

// storm is of a daemon that has one thread and ends when it cannot fork.
func (w *world) storm(program string, wrap []string, tasks func() int) {
	w.t.Helper()
	seen, most := testbed.WatchWorkers(w.dir), watchTasks(tasks)
	outcomes := w.logins(program, slices.Concat(wrap, w.asUser()), stormLogins)
	workers := seen()
	w.t.Logf("%d tasks at most; workers: %+v", most(), workers)
	if accepted := outcomes[accepted]; accepted < stormLogins*99/100 || accepted+outcomes[turnedAway] != stormLogins || len(workers.PIDs) != 1 {
		w.t.Error("not everybody got in through one worker")
	}
	const mostKiB, mostThreads = 36 << 10, 12 // 30 MiB and nine when all of them wait at once
	if workers.Resident > mostKiB || workers.Threads > mostThreads {
		w.t.Errorf("the worker took %d KiB and %d threads", workers.Resident, workers.Threads)
	}
}

// What becomes of a login.
const (
	accepted    = "status 2, verdict '1', "
	turnedAway  = "status 1, verdict '\\x00', " + unfinishedText
	denied      = "status 2, verdict '0', " + unfinishedText
	unavailable = "status 2, verdict '0', " + unavailableText
)

// asUser runs what follows as the user of the world.
func (w *world) asUser() []string {
	return []string{"setpriv", fmt.Sprintf("--reuid=%d", w.uid), fmt.Sprintf("--regid=%d", w.gid), "--clear-groups"}
}

// logins are those of so many users, one after the other, without waiting for a
// verdict in between.
func (w *world) logins(program string, daemon []string, count int) (outcomes map[string]int) {
	w.t.Helper()
	dir, err := os.MkdirTemp(w.Dir, "calls")
	if err = errors.Join(err, os.Chmod(dir, 0o755)); err != nil {
		w.t.Fatal(err)
	}
	s := testbed.Storm{Dir: dir, Daemon: daemon, Owner: int(w.uid)}
	for i := range count {
		s.Calls = append(s.Calls, testbed.Call{
			Binary: program, Config: w.path("config.toml"), Username: stormUser(i), Password: "lovelace-1815", IP: fmt.Sprintf("10.%d.%d.7", i/250, i%250)})
	}
	passed, err := s.Run()
	if err != nil {
		w.t.Error(err)
	}
	last := time.Duration(0)
	outcomes = map[string]int{}
	for _, p := range passed {
		outcomes[fmt.Sprintf("status %d, verdict %q, %s", p.Status, p.Verdict, p.Reason)]++
		last = max(last, p.Took)
	}
	w.t.Logf("%v; the last verdict after %v", outcomes, last.Round(time.Millisecond))
	return outcomes
}

// The configuration changes while logins are pending. Where the limit has no room
// for the old worker and the new one, users read at once that they may try again,
// and the new one comes when the old one has gone.
func TestReplacedWorkerUnderStockLimits(t *testing.T) {
	for name, limit := range stockLimits {
		t.Run(name, func(t *testing.T) {
			w := newLimitedWorld(t)
			program := slowFile(w)
			wrap, _ := limit(w)
			w.replaceWorker(program, slices.Concat(wrap, w.asUser()))
		})
	}
}

// OpenVPN stays root, whom LimitNPROC does not bind, and its workers become a user
// whom it does.
func TestReplacedWorkerOfRootUnderItsLimit(t *testing.T) {
	w := newLimitedWorld(t)
	program := slowFile(w)
	config := read(w.path("config.toml"))
	if err := os.WriteFile(w.path("config.toml"), []byte(config+fmt.Sprintf("[worker]\nuser = \"%d\"\n", w.uid)), 0o600); err != nil {
		t.Fatal(err)
	}
	w.replaceWorker(program, []string{"prlimit", "--nproc=10"})
}

func (w *world) replaceWorker(program string, daemon []string) {
	w.t.Helper()
	changed := make(chan error, 1)
	go func() { changed <- w.changeWhenPending() }()
	outcomes := w.logins(program, daemon, 300)
	if err := <-changed; err != nil {
		w.t.Error(err)
	}
	if outcomes[accepted]+outcomes[turnedAway]+outcomes[denied]+outcomes[unavailable] != 300 || outcomes[accepted] == 0 {
		w.t.Error("not everybody had an answer")
	}
	for deadline := time.Now().Add(20 * time.Second); w.logins(program, daemon, 1)[accepted] != 1; {
		if time.Now().After(deadline) {
			w.t.Fatal("nobody gets in any more")
		}
	}
}

// changeWhenPending changes the configuration when a worker has had logins for a while.
func (w *world) changeWhenPending() error {
	for deadline := time.Now().Add(20 * time.Second); len(testbed.Workers(w.dir)) == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			return errors.New("no worker came")
		}
	}
	time.Sleep(100 * time.Millisecond)
	file, err := os.OpenFile(w.path("config.toml"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString("# changed\n")
	return errors.Join(err, file.Close())
}

// No worker can do its work: whoever logs in reads so, as soon as if it were alone.
func TestCrowdBeforeABrokenConfiguration(t *testing.T) {
	w := newLimitedWorld(t)
	w.write("config.toml", "[login]\nbackend = \"fi")
	if outcomes := w.logins(binary, w.asUser(), 100); outcomes[unavailable]+outcomes[denied]+outcomes[turnedAway] != 100 {
		t.Error("not everybody had an answer")
	}
}

// Too few tasks for any worker: whoever logs in reads so at once, and the daemon
// goes on.
func TestNoRoomForAnyWorker(t *testing.T) {
	w := newLimitedWorld(t)
	program := slowFile(w)
	if outcomes := w.logins(program, slices.Concat([]string{"prlimit", "--nproc=4"}, w.asUser()), 10); outcomes[turnedAway] != 10 {
		t.Errorf("%v", outcomes)
	}
}

// Real clients of a real OpenVPN, within its units' limits.
func TestClientsUnderStockLimits(t *testing.T) {
	for name, limit := range stockLimits {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			waitForNobody(t, w.uid)
			program := slowFile(w)
			wrap, _ := limit(w)
			server := w.Server(testbed.ServerOptions{User: "nobody", Wrap: wrap, Verify: program + " --config " + w.path("config.toml")})
			clients := make([]*testbed.Client, 8)
			for i := range clients {
				clients[i] = w.Client(server, testbed.ClientOptions{})
				if err := clients[i].Login(stormUser(i), "lovelace-1815"); err != nil {
					t.Fatal(err)
				}
			}
			for _, c := range clients {
				w.want(w.next(c), testbed.Connected, "")
			}
			w.oneWorker()
		})
	}
}

// watchTasks looks every ten milliseconds until it is asked for the most there were.
func watchTasks(tasks func() int) (most func() int) {
	stop, count := make(chan struct{}), make(chan int)
	go func() {
		highest := 0
		for {
			highest = max(highest, tasks())
			select {
			case <-stop:
				count <- highest
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	return func() int { close(stop); return <-count }
}

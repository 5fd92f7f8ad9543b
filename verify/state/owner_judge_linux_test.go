package state

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"

	"ovpn-verify/verify/harden"
)

// judgeOwners says who this process is, once it may open no more than a worker, and
// then of each owner that it reads whether it is dead.
func judgeOwners(path string) {
	if _, err := harden.Restrict("", []harden.File{{Path: path, Use: harden.Keep}}, false); err != nil {
		panic(err)
	}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	_ = out.Encode(self())
	for {
		var o owner
		if in.Decode(&o) != nil {
			return
		}
		_ = out.Encode(o.dead())
	}
}

// A PID comes back: what a killed worker had under way is not another process's, where
// pidfds tell processes apart (Linux 6.9). Before, it is taken for that one's.
func TestAProcessIsNotTakenForTheOneThatHadItsPIDBefore(t *testing.T) {
	me := self()
	tellsApart := me.Process != 0
	cmd := process(t, "owner", newStore(t).path)
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	defer func() { in.Close(); _ = cmd.Wait() }()
	ask, answers := json.NewEncoder(in), json.NewDecoder(out)
	var worker owner
	must(t, answers.Decode(&worker))
	if worker.PID != cmd.Process.Pid || tellsApart != (worker.Process != 0 && worker.Process != me.Process) {
		t.Fatalf("confined: %+v, beside %+v", worker, me)
	}
	thread := otherThread(t)
	for name, c := range map[string]struct {
		owner
		dead bool
	}{
		"itself":                   {worker, false},
		"the other":                {me, false},
		"who had its PID":          {owner{worker.PID, worker.Namespace, worker.Process - 1}, tellsApart},
		"who had the other's PID":  {owner{me.PID, me.Namespace, me.Process - 1}, tellsApart},
		"who had a thread's PID":   {owner{thread, me.Namespace, me.Process - 1}, tellsApart},
		"an older version's":       {owner{me.PID, me.Namespace, 0}, false},
		"an older version's, here": {owner{worker.PID, worker.Namespace, 0}, false},
	} {
		var says bool
		must(t, ask.Encode(c.owner))
		must(t, answers.Decode(&says))
		if says != c.dead || c.dead != c.owner.dead() {
			t.Errorf("%s: dead %v, and from here %v", name, says, c.owner.dead())
		}
	}
}

// otherThread is a thread of this process but its first.
func otherThread(t *testing.T) int {
	t.Helper()
	threads, err := os.ReadDir("/proc/self/task")
	must(t, err)
	for _, thread := range threads {
		if n, _ := strconv.Atoi(thread.Name()); n != os.Getpid() {
			return n
		}
	}
	t.Fatal("there is one thread only")
	return 0
}

// While an older program is still running it reads what a newer one writes.
func TestOwnersOfOlderVersionsAreRead(t *testing.T) {
	var old struct {
		PID       int
		Namespace uint64
	}
	record, err := json.Marshal(owner{PID: 1, Namespace: 2, Process: 3})
	must(t, err)
	must(t, json.Unmarshal(record, &old))
	var now owner
	must(t, json.Unmarshal([]byte(`{"PID":1,"Namespace":2}`), &now))
	if old.PID != 1 || old.Namespace != 2 || now != (owner{PID: 1, Namespace: 2}) {
		t.Errorf("%+v, %+v", old, now)
	}
}

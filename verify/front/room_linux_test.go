package front

import "testing"

func TestGroupThatCountsTasks(t *testing.T) {
	for name, c := range map[string]struct{ lines, folder, path string }{
		"version 2":          {"0::/system.slice/openvpn-server@a.service\n", "/sys/fs/cgroup", "/system.slice/openvpn-server@a.service"},
		"version 1":          {"9:name=systemd:/a\n8:pids:/b\n0::/c\n", "/sys/fs/cgroup/pids", "/b"},
		"with another":       {"3:cpu,pids:/b:c\n", "/sys/fs/cgroup/pids", "/b:c"},
		"version 1 without":  {"9:cpuset:/a\n0::/c\n", "/sys/fs/cgroup", "/c"},
		"cut in the middle":  {"9:name=systemd:/a\n8:pi", "/sys/fs/cgroup", ""},
		"a line of no colon": {"\n:\nx\n0::/c", "/sys/fs/cgroup", "/c"},
		"nothing":            {"", "/sys/fs/cgroup", ""},
	} {
		if folder, path := groupOf([]byte(c.lines)); folder != c.folder || string(path) != c.path {
			t.Errorf("%s: %q, %q", name, folder, path)
		}
	}
}

func TestNumbersOfTasks(t *testing.T) {
	for text, want := range map[string]int{"20\n": 20, "max\n": unlimited, "": 0, "4915": 4915} {
		if got := decimal([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// With ten tasks one process may be started beside OpenVPN and a worker, with
// twenty some more.
func TestHalfOfFewTasksIsKept(t *testing.T) {
	for _, c := range []struct {
		most, used int
		want       bool
	}{{10, 2, true}, {10, 3, false}, {20, 9, true}, {20, 10, false}, {100, 49, true}, {100, 50, false}} {
		r := room{group: c.most, left: c.most - c.used, known: true}
		r.user.Cur = uint64(unlimited)
		if got := r.reserveForCopy() == 0; got != c.want {
			t.Errorf("%d of %d tasks: %t", c.used, c.most, got)
		}
	}
	unknown := room{group: fewTasks, left: unlimited}
	unknown.user.Cur = uint64(unlimited)
	if unknown.reserveForCopy() == 0 || unknown.reserve(unknown.worker()) != 0 || !unknown.few() {
		t.Error("a limit that is not known is taken for none, or for too low")
	}
}

package front

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestFrontImportsSyscallAlone(t *testing.T) {
	for path, want := range map[string]string{
		"ovpn-verify/verify/front":        "ovpn-verify/verify/front/job ovpn-verify/verify/front/reason syscall unsafe",
		"ovpn-verify/verify/front/job":    "",
		"ovpn-verify/verify/front/reason": "",
	} {
		out, err := exec.Command("go", "list", "-f", `{{join .Imports " "}}`, path).Output()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%s imports %q (%v), want %q", path, got, err, want)
		}
	}
}

// withoutRuntime is what compiled code may call before the runtime has started:
// leaves that use the stack and their arguments alone. Of the others, a stack that
// has no end is never grown, a write barrier is on only while garbage is collected,
// and a panic finds no goroutine: it ends the process by SIGSEGV, which OpenVPN
// takes for a refusal. An error number without a text would panic as well.
var withoutRuntime = regexp.MustCompile(`^(` + strings.Join([]string{
	`syscall\.RawSyscall6?`, `(internal/runtime/)?syscall\.Syscall6`, `internal/runtime/syscall/linux\.Syscall6`, `syscall\.Errno\.Error`,
	`runtime\.(memmove|memclrNoHeapPointers|memequal|cmpstring|duffzero|duffcopy)`,
	`runtime\.morestack\w*`, `runtime\.gcWriteBarrier\d`, `runtime\.wb(Move|Zero)`, `runtime\.panic\w+`, `runtime\.goPanic\w+`,
	`_rt0_(amd64|arm64)_linux`,
}, "|") + `)(\.abi0|\.abiinternal)?$`)

// TestFrontNeedsNoRuntime reads the machine code that can be reached from early.
func TestFrontNeedsNoRuntime(t *testing.T) {
	for _, architecture := range []string{"amd64", "arm64"} {
		calls := disassemble(t, architecture)
		if len(calls["ovpn-verify/verify/front.early"]) == 0 {
			t.Fatalf("%s: early calls nothing", architecture)
		}
		reached := map[string]bool{}
		var follow func(name string)
		follow = func(name string) {
			if reached[name] {
				return
			}
			reached[name] = true
			for _, callee := range calls[name] {
				if strings.HasPrefix(callee, "ovpn-verify/") {
					follow(callee)
				} else if !withoutRuntime.MatchString(callee) {
					t.Errorf("%s: %s calls %s", architecture, name, callee)
				}
			}
		}
		follow("ovpn-verify/verify/front.early")
		for _, function := range []string{"offer", "(*program).become", "(*line).quote", "(*process).clientConnect"} {
			if !reached["ovpn-verify/verify/front."+function] {
				t.Errorf("%s: %s was not looked at", architecture, function)
			}
		}
	}
}

var (
	functionLine = regexp.MustCompile(`^TEXT (\S+)\(SB\)`)
	callLine     = regexp.MustCompile(`\t(?:CALL|JMP|B|BL) ([^\s(]+(?:\([^)]*\)[^\s(]*)?)\(SB\)`)
	indirectCall = regexp.MustCompile(`\t(?:CALL|BL) (?:\(?[A-Z]+[0-9]*\)?|0x|[0-9(])`)
)

// disassemble returns what each of our functions calls. A call by a register is
// one of "a pointer".
func disassemble(t *testing.T, architecture string) map[string][]string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "alone")
	build := exec.Command("go", "build", "-ldflags", "-E ovpn-verify/verify/front.Entry", "-o", binary, "./testdata/alone")
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+architecture, "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command("go", "tool", "objdump", "-s", "^ovpn-verify/verify/front", binary).Output()
	if err != nil {
		t.Fatal(err)
	}
	calls, function := map[string][]string{}, ""
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		line := lines.Text()
		if m := functionLine.FindStringSubmatch(line); m != nil {
			function = m[1]
		} else if m := callLine.FindStringSubmatch(line); m != nil {
			if !slices.Contains(calls[function], m[1]) {
				calls[function] = append(calls[function], m[1])
			}
		} else if indirectCall.MatchString(line) {
			calls[function] = append(calls[function], "a pointer")
		}
	}
	return calls
}

//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// unpack is the tarball's content, on this machine.
func unpack(t *testing.T) (dir string) {
	t.Helper()
	if err := packagesMade(); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	shell(t, "tar xzf "+packaged.packages.Tarball+" --strip-components=1 -C "+dir)
	return dir
}

func shell(t *testing.T, script string, args ...string) string {
	t.Helper()
	cmd := exec.Command("bash", append([]string{"-c", script, "bash"}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TERM=xterm")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

// Both programs that read manual pages have nothing to say about ours.
func TestManualPages(t *testing.T) {
	t.Parallel()
	dir := unpack(t)
	for page, has := range map[string][]string{
		"man8/ovpn-verify.8.gz":      {"totp enroll", "--password-stdin", "EXIT STATUS"},
		"man5/ovpn-verify.toml.5.gz": {"[radius]", "require_message_authenticator = true", "Empty by default."},
	} {
		path := filepath.Join(dir, "prefix/share/man", page)
		said := shell(t, `gunzip <"$1" | mandoc -T lint -W warning 2>&1; gunzip <"$1" | groff -mdoc -ww -z -T utf8 2>&1`, path)
		if said != "" {
			t.Errorf("%s: %s", page, said)
		}
		text := shell(t, `gunzip <"$1" | mandoc -T utf8 -O width=200 | col -b`, path)
		for _, expected := range has {
			if !strings.Contains(text, expected) {
				t.Errorf("%s has no %q:\n%s", page, expected, text)
			}
		}
	}
}

// Each shell runs on the script, which prints what Tab offers for the line $2.
var shells = map[string]string{
	"bash": `. "$1/prefix/share/bash-completion/completions/ovpn-verify"
compopt() { :; } # works within a completion only
COMP_WORDS=($2); [[ $2 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_ovpn_verify; printf '%s\n' "${COMPREPLY[@]}"`,
	"fish": `mkdir -p "$1/fish/completions"; cp "$1"/prefix/share/fish/vendor_completions.d/* "$1/fish/completions/"
PATH=$1/prefix/bin:$PATH XDG_CONFIG_HOME=$1 HOME=$1 fish -c 'complete -C $argv[1]' "$2"`,
	// A terminal of its own, in which it shows what Tab makes of the line.
	"zsh": `cat >"$1/tab.zsh" <<'END'
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=READY; fpath=($1/zsh \$fpath); autoload -Uz compinit; compinit -u -D; setopt no_beep; stty cols 200"
zpty -w shell "echo so''far"
zpty -r -m shell seen '*sofar*READY*'
zpty -w -n shell "$2"$'\t'"; exit"
for i in {1..50}; do
	sleep 0.1
	while zpty -r -t shell more; do print -r -- "$more"; done
	[[ $more == *exit* ]] && break
done
END
zsh -f "$1/tab.zsh" "$1" "$2"`,
}

// What Tab offers comes from the grammar, in each shell.
func TestCompletions(t *testing.T) {
	t.Parallel()
	dir := unpack(t)
	if err := os.WriteFile(filepath.Join(dir, "some-file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, script := range shells {
		for line, want := range map[string]string{
			"ovpn-verify to":                                   "totp",
			"ovpn-verify totp enr":                             "enroll",
			"ovpn-verify totp enroll --q":                      "--qr",
			"ovpn-verify totp enroll --qr asc":                 "ascii",
			fmt.Sprintf("ovpn-verify --config %s/some-", dir):  "some-file",
			fmt.Sprintf("ovpn-verify state backup %s/so", dir): "some-file",
		} {
			if offered := shell(t, script, dir, line); !strings.Contains(offered, want) {
				t.Errorf("%s: %q offers %q, not %q", name, line, offered, want)
			}
		}
	}
}

// The profile is one that AppArmor's own reader takes, with and without a kernel
// that knows AppArmor, and it has the programs of packages and tarball.
func TestAppArmorProfile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(unpack(t), "prefix/share/apparmor/extra-profiles/ovpn-verify")
	shell(t, `apparmor_parser --skip-kernel-load --skip-cache "$1" 2>&1`, path)
	if rules := shell(t, `apparmor_parser --skip-kernel-load --skip-cache --names "$1" 2>/dev/null`, path); rules != "ovpn-verify\n" {
		t.Errorf("profiles: %q", rules)
	}
	broken := path + ".broken"
	shell(t, `sed 's/capability setuid,/capability no-such,/' "$1" >"$2" && ! apparmor_parser --skip-kernel-load --skip-cache "$2" 2>&1`, path, broken)
}

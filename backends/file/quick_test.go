package file

import (
	"os/exec"
	"strings"
	"testing"
)

// What waits for tests' sake is in no program that is built without asking for it.
func TestNothingThatShipsDawdles(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.GoFiles}} {{.IgnoredGoFiles}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	built, left, _ := strings.Cut(string(out), "] [")
	if strings.Contains(built, "slow.go") || !strings.Contains(built, "quick.go") || !strings.Contains(left, "slow.go") {
		t.Errorf("the package is made of %s", out)
	}
}

package stand

import (
	"fmt"
	"os"
	"os/exec"
)

// BuildC makes a program of a source in C, which is kept beside it.
func BuildC(path string, source []byte) error {
	if err := os.WriteFile(path+".c", source, 0o644); err != nil {
		return err
	}
	if out, err := exec.Command("gcc", "-O2", "-o", path, path+".c").CombinedOutput(); err != nil {
		return fmt.Errorf("gcc: %w\n%s", err, out)
	}
	return nil
}

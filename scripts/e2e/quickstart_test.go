//go:build e2e

package e2e_test

import "testing"

func TestQuickStartUsersFile(t *testing.T) {
	t.Parallel()
	r := newReader(t, map[string]string{"New password: ": "lovelace-1815", "Once more: ": "lovelace-1815", "Password: ": "lovelace-1815"})
	r.follow("quick-start-users-file.md")
	r.connects("ada", "lovelace-1815")
}

package main

import (
	"database/sql"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// The tests run on both engines. With CARDEA_TEST_DATABASE=postgres in the environment, a command
// on a data folder gets the address of a database on a server, always the same for a folder.

// place is the environment that tells a command where the database of its data folder is. Empty:
// in the folder, or where the command or its environment says.
func place(t testing.TB, cmd *exec.Cmd, env []string) []string {
	t.Helper()
	at := len(cmd.Args) - 1
	for at >= 0 && cmd.Args[at] != "--data" { // of two, the last one counts
		at--
	}
	isSet := slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, "CARDEA_DATABASE=") })
	if !house.OnPostgres() || at < 0 || at+1 == len(cmd.Args) || isSet || slices.Contains(cmd.Args, "--database") {
		return nil
	}
	return []string{"CARDEA_DATABASE=" + house.Address(t, filepath.Clean(cmd.Args[at+1]))}
}

// openDatabase opens the database of a data folder until the test ends, to look into it from
// outside.
func openDatabase(t testing.TB, data string) *sql.DB {
	t.Helper()
	return house.Raw(t, data)
}

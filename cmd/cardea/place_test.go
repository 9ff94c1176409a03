package main

import (
	"database/sql"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// The tests run on both engines and both storages. With CARDEA_TEST_DATABASE=postgres in the
// environment, a command on a data folder gets the address of a database on a server, and with
// CARDEA_TEST_STORAGE=s3 that of a bucket, always the same for a folder.

// buckets has the bucket of each data folder.
var buckets sync.Map

// place is the environment that tells a command where the database and the pictures of its data
// folder are. Empty: in the folder, or where the command or its environment says.
func place(t testing.TB, cmd *exec.Cmd, env []string) (places []string) {
	t.Helper()
	at := len(cmd.Args) - 1
	for at >= 0 && cmd.Args[at] != "--data" { // of two, the last one counts
		at--
	}
	if at < 0 || at+1 == len(cmd.Args) {
		return nil
	}
	data := filepath.Clean(cmd.Args[at+1])
	isSet := func(flag, variable string) bool {
		return slices.Contains(cmd.Args, flag) || slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, variable+"=") })
	}
	if house.OnPostgres() && !isSet("--database", "CARDEA_DATABASE") {
		places = append(places, "CARDEA_DATABASE="+house.Address(t, data))
	}
	if s3.Everywhere() && !isSet("--storage", "CARDEA_STORAGE") {
		if _, known := buckets.Load(data); !known {
			buckets.Store(data, s3.Over(t, filepath.Join(data, "pictures")).Storage())
		}
		bucket, _ := buckets.Load(data)
		places = append(places, "CARDEA_STORAGE="+bucket.(string)) //nolint:forcetypeassert // nothing else is stored
	}
	return places
}

// openDatabase opens the database of a data folder until the test ends, to look into it from
// outside.
func openDatabase(t testing.TB, data string) *sql.DB {
	t.Helper()
	return house.Raw(t, data)
}

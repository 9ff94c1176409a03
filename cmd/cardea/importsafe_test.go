package main

import (
	"path/filepath"
	"testing"

	"github.com/cardea-accounts/cardea/internal/datadir"
)

// Two imports at once would take each other's users for gone. Other commands and trials go on.
func TestImportOneAtATime(t *testing.T) {
	folder := t.TempDir()
	data, app := filepath.Join(folder, "data"), filepath.Join(folder, "app.db")
	flaskApp(t, app, []any{1, "Ada", "ada@example.com", flaskHash(t), nil})
	bring := func(more ...string) *process {
		return runOn(t, data, "", append([]string{"import", "flask", "--from", app}, more...)...)
	}
	bring("--apply").wantDone("1 imported")
	lock, err := datadir.At(data, "", "").LockImport()
	if err != nil {
		t.Fatal(err)
	}
	bring("--apply", "--suspend-gone").wantEnd(1, "another import is running; wait until it is done")
	bring().wantDone("1 unchanged")
	runOn(t, data, "", "user", "show", "1").wantDone("Ada")
	serve(t, data, cheap).stop()
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	bring("--apply").wantDone("1 unchanged")
}

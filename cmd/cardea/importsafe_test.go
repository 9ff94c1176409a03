package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// Two imports at once would take each other's users for gone. Other commands and trials go on.
func TestImportOneAtATime(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	data, app := filepath.Join(folder, "data"), filepath.Join(folder, "app.db")
	flaskApp(t, app, []any{1, "Ada", "ada@example.com", flaskHash(t), nil})
	bring := func(more ...string) *process {
		return runOn(t, data, "", append([]string{"import", "flask", "--from", app}, more...)...)
	}
	bring("--apply").wantDone("1 imported")
	lock, err := house.Place(t, data, "").LockImport(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bring("--apply", "--suspend-gone").wantEnd(1, "another import or move is running; wait until it is done")
	bring().wantDone("1 unchanged")
	runOn(t, data, "", "user", "show", "1").wantDone("Ada")
	serve(t, data, cheap).stop()
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	bring("--apply").wantDone("1 unchanged")
}

// A file that was cut off suspends nobody, unless that is asked for.
func TestImportOfACutFile(t *testing.T) {
	t.Parallel()
	folder, hash := t.TempDir(), flaskHash(t)
	data, file := filepath.Join(folder, "data"), filepath.Join(folder, "users.csv")
	bring := func(first, last int, more ...string) *process {
		var text strings.Builder
		text.WriteString("id,email,password\n")
		for id := first; id <= last; id++ {
			fmt.Fprintf(&text, "%d,u%[1]d@example.com,%s\n", id, hash)
		}
		writeFile(t, file, []byte(text.String()))
		return runOn(t, data, "", append([]string{"import", "csv", "--from", file}, more...)...)
	}
	bring(1, 200, "--apply").wantDone("200 imported")
	for _, more := range []string{"--apply", "--loss-limit=97"} { // one is a trial
		wantRefused(t, bring(1, 5, "--suspend-gone", more), "nobody was suspended", "195 gone", "195 of 200 users are gone there", "add --loss-limit 98")
	}
	wantRefused(t, bring(301, 600, "--suspend-gone", "--apply"), "nobody was suspended", "200 of 200 users are gone there") // new ones do not count
	runOn(t, data, "", "user", "show", "200", "--json").wantDone(`"suspended_at":null`)
	bring(1, 5, "--loss-limit=101").wantEnd(2, "a number from 0 to 100")
	bring(1, 5, "--source=").wantEnd(2, "--source", "a text in one line")
	bring(1, 580, "--suspend-gone", "--apply").wantDone("gone")
	runOn(t, data, "", "user", "show", "590").wantDone("suspended")
	runOn(t, data, "", "user", "show", "200", "--json").wantDone(`"suspended_at":null`)
	bring(1, 5, "--suspend-gone", "--loss-limit=100", "--apply").wantDone("gone")
	runOn(t, data, "", "user", "show", "200").wantDone("suspended")
}

// Another app under the name of the first one takes nothing from anybody, nor does a wrong column.
func TestImportOfAnotherApp(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	data, file := filepath.Join(folder, "data"), filepath.Join(folder, "users.csv")
	bring := func(users int, domain, hash string, more ...string) *process {
		var text strings.Builder
		text.WriteString("id,email,password\n")
		for id := range users {
			fmt.Fprintf(&text, "%d,u%[1]d@%s,%s\n", id+1, domain, hash)
		}
		writeFile(t, file, []byte(text.String()))
		return runOn(t, data, "", append([]string{"import", "csv", "--from", file}, more...)...)
	}
	all := func() string {
		file := filepath.Join(t.TempDir(), "all.tar")
		runOn(t, data, "", "export", file).wantDone()
		return string(readFile(t, file))
	}
	hash := flaskHash(t)
	bring(200, "example.com", hash, "--apply").wantDone("200 imported")
	before := all()
	for _, wrong := range [][]string{{"example.org", "!", "200 may be other users there"}, {"example.com", "Ada", "200 would lose the password"}} {
		for _, more := range []string{"--apply", "--loss-limit=99"} { // one is a trial
			wantRefused(t, bring(250, wrong[0], wrong[1], more), "nothing was changed", "of 200 users, "+wrong[2]+", above the limit of", "--loss-limit 100")
		}
	}
	wantRefused(t, bring(1, "example.com", "!", "--loss-limit=0"), "1 would lose the password")
	wantRefused(t, bring(21, "example.com", "!", "--loss-limit=10"), "21 would lose the password")
	suspending := filepath.Join(folder, "pending.csv")
	var rows string
	for id := range 21 {
		rows += fmt.Sprintf("%d,u%[1]d@example.com,%s,pending\n", id+1, hash)
	}
	suspend := func(times int, more string) *process {
		writeFile(t, suspending, []byte("id,email,password,active\n"+strings.Repeat(rows, times)))
		return runOn(t, data, "", "import", "csv", "--from", suspending, more)
	}
	wantRefused(t, suspend(1, "--apply"), "21 would be suspended")
	suspend(10, "--loss-limit=100").wantDone("21 suspended", "189 duplicate id") // each row counts, so more than all
	if all() != before {
		t.Error("a refused import changed something")
	}
	bring(20, "example.com", "!", "--loss-limit=10").wantDone("20 losing the password")
	bring(200, "example.com", "!", "--loss-limit=100", "--apply").wantDone("200 losing the password")
	bring(200, "example.com", hash, "--apply").wantDone("200 updated")
}

// wantRefused checks that an import says what it would lose, and ends with a failure.
func wantRefused(t *testing.T, refused *process, words ...string) {
	t.Helper()
	if code := refused.wait(); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	for _, word := range words {
		if all := refused.stdout.String() + refused.stderr.String(); !strings.Contains(all, word) {
			t.Errorf("it does not say %q: %s", word, all)
		}
	}
}

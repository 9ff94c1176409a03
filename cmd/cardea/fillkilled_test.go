package main

import (
	"database/sql"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

var fillKills = flag.Int("fill.kills", 0, "how often TestFillKilled kills a restore and three moves at random, which takes 17 seconds")

// A restore or a move that is killed while it makes the tables of the target, or soon after, leaves
// nothing that keeps the same command from succeeding afterwards.
func TestFillKilled(t *testing.T) {
	t.Parallel()
	data, file := t.TempDir(), filepath.Join(t.TempDir(), "backup.tar")
	s, _ := populated(t, data, movePlace{})
	s.stop()
	runOn(t, data, "", "backup", file).wantDone()
	restoreKilled := func(kill func(*process, movePlace)) {
		to, restored := movePlace{database: testpostgres.Database(t)}, t.TempDir()
		restore := append([]string{"restore", file, "--data", restored}, to.settings()...)
		kill(launch(t, exec.CommandContext(t.Context(), binary, restore...)), to)
		if run(t, nil, append([]string{"check", "--data", restored}, to.settings()...)...).wait() == exitOK {
			return // it was killed after its end
		}
		if err := os.RemoveAll(restored); err != nil { // as it says if the folder is half restored
			t.Fatal(err)
		}
		run(t, nil, restore...).wantDone("30 users")
	}
	moveKilled := func(to movePlace, kill func(*process, movePlace)) {
		kill(startMove(t, data, movePlace{}, to), to)
		run(t, nil, append([]string{"move", "--data", data}, to.targets()...)...).wantDone("30 users", "Moved")
		run(t, nil, "move", "--undo", "--data", data).wantDone("can be used again")
	}
	picturesKilled := func(to movePlace) {
		killSoon(startMove(t, data, movePlace{}, to), to)
		run(t, nil, append([]string{"move", "--data", data}, to.targets()...)...).wantDone() // "Moved", or that they are there
		run(t, nil, append([]string{"check", "--data", data}, to.settings()...)...).wantDone("All is well")
		run(t, nil, "move", "--undo", "--data", data).wantDone("can be used again")
	}
	restoreKilled(killAtFirstTable)
	moveKilled(movePlace{database: testpostgres.Database(t)}, killAtFirstTable)
	for range *fillKills {
		restoreKilled(killSoon)
		moveKilled(movePlace{database: testpostgres.Database(t)}, killSoon)
		moveKilled(movePlace{database: filepath.Join(t.TempDir(), "cardea.db")}, killSoon)
		picturesKilled(movePlace{storage: s3.New(t).Storage()})
	}
}

// killAtFirstTable kills a process as soon as there is a table in the schema that it fills.
func killAtFirstTable(p *process, to movePlace) {
	db, err := sql.Open("pgx", to.database)
	if err != nil {
		p.t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	for has := false; !has; {
		if err := db.QueryRowContext(p.t.Context(), `SELECT to_regclass('cardea.migrations') IS NOT NULL`).Scan(&has); err != nil {
			p.t.Fatal(err)
		}
	}
	p.kill()
}

// killSoon kills a process between 50 and 600 ms after its start: while it looks at the target, makes
// its tables, or copies. Pictures that move alone may also be finished.
func killSoon(p *process, _ movePlace) {
	<-time.After(50*time.Millisecond + time.Duration(rand.Int64N(int64(550*time.Millisecond))))
	p.kill()
}

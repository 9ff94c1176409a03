package main

import (
	"context"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

var moveKills = flag.Int("move.kills", 3, "how often TestMoveKilled kills a move")

// where data is, as flags of a server, and where it goes, as flags of a move.
type movePlace struct{ database, storage string }

func (p movePlace) settings() (flags []string) {
	if p.database != "" {
		flags = append(flags, "--database", p.database)
	}
	if p.storage != "" {
		flags = append(flags, "--storage", p.storage)
	}
	return flags
}

func (p movePlace) targets() (flags []string) {
	for _, flag := range p.settings() {
		flags = append(flags, strings.Replace(flag, "--", "--to-", 1))
	}
	return flags
}

func startMove(t *testing.T, data string, from, to movePlace, flags ...string) *process {
	t.Helper()
	args := slices.Concat([]string{"move", "--data", data}, from.settings(), to.targets(), flags)
	return launch(t, exec.CommandContext(t.Context(), binary, args...))
}

// awaitCopied waits until everything is copied and writes are paused.
func (p *process) awaitCopied(patience time.Duration) {
	p.t.Helper()
	select {
	case <-p.stdout.firstLine():
	case <-p.ended:
		p.t.Fatalf("the move ended early: %s%s", &p.stdout, &p.stderr)
	case <-time.After(patience):
		p.t.Fatalf("not copied; stderr: %s", &p.stderr)
	}
}

// populated makes a server with users, which nobody has in memory.
func populated(t *testing.T, data string, place movePlace) (*server, *moveUsers) {
	t.Helper()
	s := serve(t, data, cheap, place.settings()...)
	users := &moveUsers{t: t}
	for range 30 {
		if _, err := users.add(t.Context(), s.url); err != nil {
			t.Fatal(err)
		}
	}
	s.stop()
	return serve(t, data, cheap, place.settings()...), users
}

// moveUnderLoad moves while users write and read, and returns what the command printed last.
func moveUnderLoad(t *testing.T, s *server, users *moveUsers, data string, from, to movePlace) (result movedJSON) {
	t.Helper()
	reading, stopReading := context.WithCancel(t.Context())
	defer stopReading()
	var work, read sync.WaitGroup
	for range 4 {
		work.Go(func() { users.work(t.Context(), s.url) })
	}
	for range 2 {
		read.Go(func() { users.read(reading, s.url) })
	}
	eventually(t, "users write", func() bool { return users.acknowledged.Load() >= 60 })
	move := startMove(t, data, from, to, "--json")
	move.awaitCopied(patience)
	before, readsBefore := users.refused.Load(), users.reads.Load()
	eventually(t, "writes are refused, reads are answered", func() bool {
		return users.refused.Load() > before+8 && users.reads.Load() > readsBefore+8
	})
	args := append([]string{"user", "rename", users.first().email, "--name", "Other", "--data", data}, from.settings()...)
	run(t, nil, args...).wantEnd(exitFailed, "writes are paused")
	stopReading()
	read.Wait()
	s.stop()
	work.Wait()
	if code := move.wait(); code != exitOK {
		t.Fatalf("exit code %d: %s", code, &move.stderr)
	}
	lines := strings.Split(strings.TrimSpace(move.stdout.String()), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &result); err != nil || len(lines) != 2 || result.State != "moved" {
		t.Errorf("%v: %s", err, &move.stdout)
	}
	return result
}

// From SQLite and a folder to PostgreSQL and another folder, and back, under a server with writers:
// everything that was acknowledged arrives, reads are answered all the time, and the old database
// is not served by mistake.
func TestMove(t *testing.T) {
	t.Parallel()
	data, elsewhere := filepath.Join(t.TempDir(), "data"), t.TempDir()
	old := movePlace{}
	server := movePlace{testpostgres.Database(t), filepath.Join(elsewhere, "pictures")}
	back := movePlace{filepath.Join(elsewhere, "back.db"), filepath.Join(elsewhere, "back")}
	s, users := populated(t, data, old)

	result := moveUnderLoad(t, s, users, data, old, server)
	if result.Users < 30 || result.Pictures < 10 || result.Files < result.Pictures || result.Set["CARDEA_STORAGE"] != server.storage {
		t.Errorf("%+v", result)
	}
	s = serve(t, data, cheap, server.settings()...)
	users.verify(s.url)
	run(t, nil, "serve", "--data", data, "--listen", "127.0.0.1:0").wantEnd(exitFailed, "was moved", "--undo")

	moveUnderLoad(t, s, users, data, server, back)
	s = serve(t, data, cheap, back.settings()...)
	users.verify(s.url)
	s.stop()
	p := run(t, nil, append([]string{"check", "--data", data}, back.settings()...)...)
	if code := p.wait(); code != exitOK {
		t.Errorf("check: %d: %s%s", code, &p.stdout, &p.stderr)
	}

	run(t, nil, append([]string{"move", "--undo", "--data", data}, old.settings()...)...).wait()
	s = serve(t, data, cheap) // as it was when it was moved
	s.stop()
}

// Ctrl-C ends a move and the pause. Users write again, and a second move succeeds.
func TestMoveInterrupted(t *testing.T) {
	t.Parallel()
	data, to := filepath.Join(t.TempDir(), "data"), movePlace{testpostgres.Database(t), filepath.Join(t.TempDir(), "pictures")}
	s, users := populated(t, data, movePlace{})
	move := startMove(t, data, movePlace{}, to)
	move.awaitCopied(patience)
	move.signal(syscall.SIGINT)
	if code := move.wait(); code != exitFailed || !strings.Contains(move.stderr.String(), "Run the command again") {
		t.Errorf("exit code %d: %s", code, &move.stderr)
	}
	run(t, nil, append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0"}, to.settings()...)...).wantEnd(exitFailed, "was cut off")
	eventually(t, "users write again", func() bool {
		u, err := users.add(t.Context(), s.url)
		return err == nil && u != nil
	})
	moveUnderLoad(t, s, users, data, movePlace{}, to)
	users.verify(serve(t, data, cheap, to.settings()...).url)
}

// Killed at any moment, a move leaves the source as it was, and a later one succeeds.
func TestMoveKilled(t *testing.T) {
	t.Parallel()
	data, to := filepath.Join(t.TempDir(), "data"), movePlace{testpostgres.Database(t), filepath.Join(t.TempDir(), "pictures")}
	s, users := populated(t, data, movePlace{})
	for range *moveKills {
		move := startMove(t, data, movePlace{}, to)
		<-time.After(time.Duration(rand.Int64N(int64(2500 * time.Millisecond))))
		move.kill()
		began := time.Now()
		eventually(t, "users write again", func() bool {
			u, err := users.add(t.Context(), s.url)
			return err == nil && u != nil
		})
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("users could not write for %v", took)
		}
	}
	users.verify(s.url)
	moveUnderLoad(t, s, users, data, movePlace{}, to)
	users.verify(serve(t, data, cheap, to.settings()...).url)
}

// A move to the database that already has the users says so, however the address is written, and
// whether or not a server runs.
func TestMoveToTheSameDatabase(t *testing.T) {
	t.Parallel()
	data, here := t.TempDir(), movePlace{database: testpostgres.Database(t)}
	s, _ := populated(t, data, here)
	same := movePlace{database: strings.Replace(here.database, "127.0.0.1", "localhost", 1) + "&schema=cardea"}
	for _, to := range []movePlace{here, same} {
		startMove(t, data, here, to).wantEnd(exitFailed, "the users are in postgres://", "already", "another database or schema")
	}
	s.stop()
	startMove(t, data, here, same).wantEnd(exitFailed, "the users are in postgres://")
	other := movePlace{database: here.database + "&schema=other"}
	run(t, nil, append([]string{"move", "--data", data, "--database", here.database}, other.targets()...)...).wantDone("Moved")
}

// What is not empty is not touched, and damage is not moved.
func TestMoveRefuses(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	s, users := populated(t, data, movePlace{})
	s.stop()
	full := filepath.Join(t.TempDir(), "full")
	database := filepath.Join(full, "cardea.db")
	other := serve(t, full, cheap, "--database", database)
	other.client().Register("other@example.com")
	startMove(t, data, movePlace{}, movePlace{database: database}).wantEnd(exitFailed, "another Cardea server uses this database")
	other.stop()
	startMove(t, data, movePlace{}, movePlace{database: database}).wantEnd(exitFailed, "already has data")
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "letter.txt"), []byte("Dear Ann"), 0o600); err != nil {
		t.Fatal(err)
	}
	startMove(t, data, movePlace{}, movePlace{storage: foreign}).wantEnd(exitFailed, "is not empty")
	startMove(t, data, movePlace{}, movePlace{storage: filepath.Join(data, "pictures")}).wantEnd(exitFailed, "already")
	startMove(t, data, movePlace{}, movePlace{}).wantEnd(exitUsage, "--to-database")
	for _, to := range []movePlace{{database: filepath.Join(t.TempDir(), "cardea.db")}, {storage: t.TempDir()}} {
		startMove(t, data, movePlace{}, to, "--to-database-password-file", "password").wantEnd(exitUsage, "--to-database-password-file", "a SQLite file has no password")
	}

	files, err := filepath.Glob(filepath.Join(data, "pictures", "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(files[0], testkit.PNG(3, 3), 0o600); err != nil {
		t.Fatal(err)
	}
	startMove(t, data, movePlace{}, movePlace{storage: filepath.Join(t.TempDir(), "pictures")}).wantEnd(exitFailed, "damaged picture", "cardea check")
	s = serve(t, data, cheap)
	if u, err := users.add(t.Context(), s.url); u == nil || err != nil {
		t.Errorf("users cannot write: %v", err)
	}
}

// Root does not move the data of another user, who could not read the new files.
func TestMoveAsRoot(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder to somebody else")
	}
	data := filepath.Join(t.TempDir(), "data")
	s, _ := populated(t, data, movePlace{})
	s.stop()
	if err := os.Chown(data, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	startMove(t, data, movePlace{}, movePlace{storage: filepath.Join(t.TempDir(), "pictures")}).wantEnd(exitFailed, "sudo -u")
}

package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// soon is how quickly a write is refused during a pause: at once, or when it sees the pause while it
// waits for a lock of PostgreSQL, for which it waits 2 s.
const soon = 4 * time.Second

// During a pause, all processes read and none writes. It ends when it is told to, and is not a fault
// of the database.
func TestPause(t *testing.T) {
	withEachEngine(t, func(t *testing.T, e engine) {
		address := e.address(t)
		server, command, mover := e.opened(t, address), e.opened(t, address), e.opened(t, address)
		withUsers(t, server, "ann")
		pause, err := mover.BeginPause(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for name, db := range map[string]*store.DB{"server": server, "command": command} {
			began := time.Now()
			err := db.Tx(t.Context(), func(tx *store.Tx) error { return tx.CreateUser(t.Context(), newUser("bob")) })
			if !errors.Is(err, store.ErrPaused) || !errors.Is(err, store.ErrUnavailable) || time.Since(began) > soon {
				t.Errorf("%s: %v after %v", name, err, time.Since(began))
			}
			if u, err := db.UserByID(t.Context(), "ann"); err != nil || u.ID != "ann" {
				t.Errorf("%s reads: %v", name, err)
			}
			if err := errors.Join(db.Ping(t.Context()), db.NoticeOthers(t.Context())); err != nil || !db.IsPaused() {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := errors.Join(pause.Check(t.Context()), pause.End(), pause.End()); err != nil {
			t.Error(err)
		}
		if err := server.NoticeOthers(t.Context()); err != nil || server.IsPaused() {
			t.Error(err)
		}
		withUsers(t, server, "bob")
	})
}

// After a move, nobody writes to the old database, not even a process that had opened it before.
func TestFinishedMove(t *testing.T) {
	withEachEngine(t, func(t *testing.T, e engine) {
		address := e.address(t)
		command, mover := e.opened(t, address), e.opened(t, address)
		pause, err := mover.BeginPause(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pause.Began = at(0).Add(-time.Hour) // nobody waits from before
		if err := pause.Finish(t.Context(), "there", at(1)); err != nil {
			t.Fatal(err)
		}
		if state, err := command.MoveState(t.Context()); err != nil || state != (store.MoveState{MovedTo: "there", At: at(1)}) {
			t.Errorf("%+v, %v", state, err)
		}
		wantError(t, command, store.ErrMoved, func(*store.Tx) error { t.Error("ran"); return nil })
		if err := command.UnmarkMove(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := command.NoticeOthers(t.Context()); err != nil {
			t.Fatal(err)
		}
		withUsers(t, command, "ann")
	})
}

// A database that is being filled says so, and the mark is not one of its rows.
func TestMarkFilling(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		if state, err := db.MoveState(t.Context()); err != nil || state != (store.MoveState{}) {
			t.Errorf("%+v, %v", state, err)
		}
		before := digests(t, db)
		if err := db.MarkFilling(t.Context(), "here", at(1)); err != nil {
			t.Fatal(err)
		}
		withUsers(t, db, "ann")
		if err := db.RemoveAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		state, err := db.MoveState(t.Context())
		isUnused, unusedErr := db.IsUnused(t.Context())
		if errors.Join(err, unusedErr) != nil || state != (store.MoveState{FilledFrom: "here", At: at(1)}) || !isUnused {
			t.Errorf("%+v, %v, %v, %v", state, isUnused, err, unusedErr)
		}
		if differs := store.Differing(before, digests(t, db)); differs != "" {
			t.Errorf("%s differs", differs)
		}
		if err := db.UnmarkMove(t.Context()); err != nil {
			t.Fatal(err)
		}
		if state, err := db.MoveState(t.Context()); err != nil || state != (store.MoveState{}) {
			t.Errorf("%+v, %v", state, err)
		}
	})
}

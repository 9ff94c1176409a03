package store

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"testing"
)

// unseen are the methods of Tx that change nothing that a session shows. A new
// session or account was not there to be read before.
var unseen = map[string]bool{
	"CreateUser": true, "CreateSession": true, "ReplacePasswordHash": true,
	"AddOrphan": true, "AdoptOrphan": true, "ForgetOrphan": true, "ExpireOrphans": true,
	"AddTry": true, "DeleteTry": true, "DeleteTries": true, "DeleteOldTries": true, "BringTriesBack": true,
	"AddAudit": true, "DeleteOldAudit": true, "DeleteOldAuditOfNobody": true,
}

// What was read about a person holds until a transaction changes it, whichever of
// its methods does; and no longer than that.
func TestStampsHoldUntilAChange(t *testing.T) {
	for name, query := range queries {
		t.Run(name, func(t *testing.T) {
			db := withEverything(t)
			stamp := readAnn(t, db)
			undo := errors.New("not this time")
			wantError(t, db, undo, func(tx *Tx) error { return errors.Join(query(tx, t.Context()), undo) })
			if !stamp.Holds() {
				t.Error("what was rolled back is taken for a change")
			}
			write(t, db, func(tx *Tx) error { return query(tx, t.Context()) })
			_, reads := reflect.TypeFor[reads]().MethodByName(name)
			if changes := !reads && !unseen[name]; stamp.Holds() == changes {
				t.Errorf("still holds: %v", stamp.Holds())
			}
		})
	}
}

// readAnn is a reading that nothing disturbs.
func readAnn(t *testing.T, db *DB) Stamp {
	t.Helper()
	began := db.Moment()
	stamp, ok := db.Stamp(began, "ann")
	if !ok || !stamp.Holds() {
		t.Fatal("nothing happens, and yet what is read cannot be kept")
	}
	return stamp
}

// What is read while a transaction commits may be old or new, and is not kept.
func TestNoStampAcrossACommit(t *testing.T) {
	db := withEverything(t)
	before := db.Moment()
	err := db.changes.committing([]string{"ann"}, func() error {
		if _, ok := db.Stamp(before, "ann"); ok {
			t.Error("begun before the commit, ended in it: kept")
		}
		if _, ok := db.Stamp(db.Moment(), "ann"); ok {
			t.Error("begun and ended in the commit: kept")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := db.Stamp(before, "ann"); ok {
		t.Error("begun before the commit, ended after it: kept")
	}
	readAnn(t, db)
}

// Another process is another connection to the file.
func TestNoticeOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cardea.db")
	db, other := openFile(t, path), openFile(t, path)
	withPeople(t, db, "ann")
	look := func() {
		t.Helper()
		if err := db.NoticeOthers(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	look()
	stamp := readAnn(t, db)
	write(t, db, func(tx *Tx) error { return tx.CreateUser(t.Context(), person("bob")) })
	if look(); !stamp.Holds() {
		t.Error("a write of its own is taken for another's")
	}
	write(t, other, func(tx *Tx) error { return tx.SetName(t.Context(), "ann", "Anne") })
	if look(); stamp.Holds() {
		t.Error("another's write is not noticed")
	}
	stamp = readAnn(t, db)
	if look(); !stamp.Holds() {
		t.Error("the same write is noticed twice")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if db.NoticeOthers(ended) == nil {
		t.Error("no error, although nothing was looked at")
	}
}

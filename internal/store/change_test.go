package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/cardea-accounts/cardea/internal/store"
)

// unseen are the methods of Tx that change nothing that a session or picture shows. New
// users and sessions could not be read before.
var unseen = map[string]bool{
	"CreateUser": true, "CreateSession": true, "ReplacePasswordHash": true,
	"AddOrphans": true, "AdoptOrphan": true, "ForgetOrphans": true, "ExpireOrphan": true,
	"AddAttempt": true, "DeleteAttempts": true, "DeleteAttemptsFrom": true, "DeleteOldAttempts": true, "RedateFutureAttempts": true,
	"AddAudit": true, "DeleteOldAudit": true, "DeleteOldAuditWithoutUser": true,
	"ForgetAuditAddresses": true, "CreateChallenge": true, "CountCodeAttempt": true, "DeleteChallenge": true, "DeleteChallengesOfUser": true, "DeleteChallengesOfBrowser": true, "DeleteExpiredChallenges": true,
	"SetImport": true, "RestoreImport": true, "DeleteImport": true, "RefuseImportedID": true, "RefuseImportedEmail": true, "ForgetImported": true, "UpgradePasswordHash": true,
	"RestoreAudit": true, "KeepOldPictureName": true, "AddOldPictureName": true, "AddFlaskCookie": true, "RestoreFlaskCookie": true, "DeleteExpiredFlaskCookies": true, "SetMark": true, "ReplaceLeftStorages": true,
	"AddMail": true, "LeaseMail": true, "ReleaseMail": true, "PostponeMail": true, "GiveUpMail": true, "DeleteMail": true, "DeleteAllMail": true,
}

// What was read about a user is valid until a transaction changes it, by any method.
func TestStampsHoldUntilAChange(t *testing.T) {
	withEachEngine(t, func(t *testing.T, e engine) {
		for name, query := range queries {
			t.Run(name, func(t *testing.T) {
				db := e.openedWithEverything(t, e.address(t))
				stamp := readAnn(t, db)
				undo := errors.New("not this time")
				wantError(t, db, undo, func(tx *store.Tx) error { return errors.Join(query(tx, t.Context()), undo) })
				if !stamp.Holds() {
					t.Error("a change that was rolled back counts")
				}
				write(t, db, func(tx *store.Tx) error { return query(tx, t.Context()) })
				if changes := !store.Reads(name) && !unseen[name]; stamp.Holds() == changes {
					t.Errorf("still holds: %v", stamp.Holds())
				}
			})
		}
	})
}

// readAnn is a reading without a change meanwhile.
func readAnn(t *testing.T, db *store.DB) store.Stamp {
	t.Helper()
	began := db.Moment()
	stamp, ok := db.Stamp(began, "ann")
	if !ok || !stamp.Holds() {
		t.Fatal("nothing changes, but what was read cannot be kept")
	}
	return stamp
}

// A reading that overlaps a commit may be old or new, and is not kept, whether another
// commit is running or not.
func TestNoStampAcrossACommit(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db *store.DB) {
		withUsers(t, db, "ann")
		before := db.Moment()
		var within store.Moment
		commit := func() error {
			if _, ok := db.Stamp(before, "ann"); ok {
				t.Error("begun before the commit, ended in it: kept")
			}
			within = db.Moment()
			if _, ok := db.Stamp(within, "ann"); ok {
				t.Error("begun and ended in the commit: kept")
			}
			return nil
		}
		both := func() error { return store.Committing(db, []string{"bob"}, commit) }
		if err := store.Committing(db, []string{"ann"}, both); err != nil {
			t.Fatal(err)
		}
		for what, began := range map[string]store.Moment{"before": before, "in": within} {
			if _, ok := db.Stamp(began, "ann"); ok {
				t.Errorf("begun %s the commit, ended after it: kept", what)
			}
		}
		readAnn(t, db)
	})
}

// Another process is another opening of the database.
func TestNoticeOthers(t *testing.T) {
	withEachEngine(t, func(t *testing.T, e engine) {
		address := e.address(t)
		db, other := e.opened(t, address), e.opened(t, address)
		withUsers(t, db, "ann")
		look := func() {
			t.Helper()
			if err := db.NoticeOthers(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		look()
		stamp := readAnn(t, db)
		withUsers(t, db, "bob")
		if look(); !stamp.Holds() {
			t.Error("a write of this process counts as another's")
		}
		write(t, other, func(tx *store.Tx) error { return tx.SetName(t.Context(), "ann", "Anne") })
		if look(); stamp.Holds() {
			t.Error("another's write is not noticed")
		}
		stamp = readAnn(t, db)
		if look(); !stamp.Holds() {
			t.Error("the same write is noticed again")
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if db.NoticeOthers(ended) == nil {
			t.Error("no error, although nothing was read")
		}
	})
}

package store

import (
	"context"
	"errors"
	"hash/maphash"
	"sync/atomic"
)

// A cache of what was read about a user stays exact as follows. A transaction of this
// process that changes a user moves the user's counter just before it commits; what was
// read until then is no longer valid. A reading that overlaps such a commit may be old or
// new, and must not be kept. Changes by other processes move the epoch, as soon as
// [DB.NoticeOthers] is called.

// changeSlots is the number of counters. Users share them by hash, so a change makes a
// cache forget a few other users too. The counters take 128 KiB.
const changeSlots = 1 << 14

// changes counts the changes to users.
type changes struct {
	begun, ended atomic.Uint64 // commits that change users
	epoch        atomic.Uint64 // moves when another process has written
	slots        [changeSlots]atomic.Uint64
	seed         maphash.Seed
}

func newChanges() *changes { return &changes{seed: maphash.MakeSeed()} }

func (c *changes) slot(userID string) *atomic.Uint64 {
	return &c.slots[maphash.String(c.seed, userID)%changeSlots]
}

// committing runs commit, which makes the changes to these users visible.
func (c *changes) committing(userIDs []string, commit func() error) error {
	if len(userIDs) == 0 {
		return commit()
	}
	c.begun.Add(1)
	defer c.ended.Add(1)
	for _, id := range userIDs {
		c.slot(id).Add(1)
	}
	return commit()
}

// changes notes that the transaction changes what [reads.SessionByTokenHash] or
// [reads.PictureInSize] returns about a user. Every method of Tx that does so calls it.
func (tx *Tx) changes(userID string) { tx.changed = append(tx.changed, userID) }

// Moment is when a reading began, see [DB.Moment].
type Moment struct{ begun, ended, epoch uint64 }

// Moment is called before reading something that will be kept.
func (db *DB) Moment() Moment {
	ended := db.changes.ended.Load() // before begun: if they are equal, no commit is running
	return Moment{db.changes.begun.Load(), ended, db.changes.epoch.Load()}
}

// Stamp tells whether what was read about a user is still valid, see [DB.Stamp].
type Stamp struct {
	slot   *atomic.Uint64
	slots  uint64
	epochs *atomic.Uint64
	epoch  uint64
}

// Stamp is called after reading. If it is not ok, a user may have changed meanwhile, and
// what was read must not be kept.
func (db *DB) Stamp(began Moment, userID string) (stamp Stamp, ok bool) {
	slot := db.changes.slot(userID)
	stamp = Stamp{slot, slot.Load(), &db.changes.epoch, began.epoch}
	return stamp, began.begun == began.ended && began.begun == db.changes.begun.Load()
}

// Holds reports whether the user has not changed since.
func (s Stamp) Holds() bool { return s.slot.Load() == s.slots && s.epochs.Load() == s.epoch }

// NoticeOthers checks whether another process has written to the database since the
// last call. If it has, or if that is unknown, no [Stamp] holds any more. On SQLite, it waits for
// running transactions for as long as [DB.Tx] does.
func (db *DB) NoticeOthers(ctx context.Context) error {
	err := db.lookForFiles()
	if err != nil && !errors.Is(err, ErrInUse) && !errors.Is(err, ErrRemoved) { // which the engine may find changed
		return err
	}
	db.lookForPause(ctx)
	waiting, cancel := context.WithTimeout(ctx, db.patience)
	defer cancel()
	changed, err := db.engine.ChangedByOthers(waiting)
	if err != nil {
		return db.meaning(ctx, waiting, err)
	}
	if changed {
		db.changes.epoch.Add(1)
	}
	return nil
}

package store

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync/atomic"
)

// A cache of what was read about a person stays exact as follows. A transaction
// of this process that changes people moves their counters just before it commits;
// what was read until then no longer holds. What is read while such a transaction
// commits could be of before or of after it, and is not to be kept. Changes by
// other processes move the epoch, which is as late as [DB.NoticeOthers] is called.

// changeSlots is how many counters people share, by hash: a change makes a cache
// forget one person in so many besides its own. The counters take 128 KiB.
const changeSlots = 1 << 14

// changes counts what happens to people.
type changes struct {
	commits atomic.Uint64 // odd while a transaction that changed people commits
	epoch   atomic.Uint64 // moves when another process has written
	slots   [changeSlots]atomic.Uint64
	seed    maphash.Seed
}

func (c *changes) slot(userID string) *atomic.Uint64 {
	return &c.slots[maphash.String(c.seed, userID)%changeSlots]
}

// committing runs commit, which makes the changes to these people visible.
func (c *changes) committing(userIDs []string, commit func() error) error {
	if len(userIDs) == 0 {
		return commit()
	}
	c.commits.Add(1) // there is one writer: nobody else is between here and the end
	defer c.commits.Add(1)
	for _, id := range userIDs {
		c.slot(id).Add(1)
	}
	return commit()
}

// changes says that a transaction changes what [reads.SessionByTokenHash] finds
// about a person. Every method of Tx that does must call it.
func (tx *Tx) changes(userID string) { tx.changed = append(tx.changed, userID) }

// Moment is when a reading began, see [DB.Moment].
type Moment struct{ commits, epoch uint64 }

// Moment is to be called before reading what will be kept.
func (db *DB) Moment() Moment {
	return Moment{db.changes.commits.Load(), db.changes.epoch.Load()}
}

// Stamp tells whether what was read about a person still holds, see [DB.Stamp].
type Stamp struct {
	slot   *atomic.Uint64
	slots  uint64
	epochs *atomic.Uint64
	epoch  uint64
}

// Stamp is to be called after reading. Not ok: somebody may have been changed
// meanwhile, and what was read is not to be kept.
func (db *DB) Stamp(began Moment, userID string) (stamp Stamp, ok bool) {
	slot := db.changes.slot(userID)
	stamp = Stamp{slot, slot.Load(), &db.changes.epoch, began.epoch}
	return stamp, began.commits%2 == 0 && began.commits == db.changes.commits.Load()
}

// Holds tells whether nothing has changed about the person since.
func (s Stamp) Holds() bool { return s.slot.Load() == s.slots && s.epochs.Load() == s.epoch }

// NoticeOthers finds out whether another process has written to the database since
// the last call; if so, or if that cannot be told, no [Stamp] holds any more.
// It waits for the transaction that is running, at most as long as [DB.Tx] does.
func (db *DB) NoticeOthers(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, db.patience)
	defer cancel()
	conn, err := db.writerConn(ctx, waiting)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // it goes back to the pool
	seen := lastWrite{}
	if err := conn.Raw(func(c any) error { seen.conn = c; return nil }); err != nil {
		return fmt.Errorf("store: connection: %w", err)
	}
	// Asked on the connection that does all the writing of this process, the
	// version changes only by what others write (https://sqlite.org/pragma.html#pragma_data_version).
	if err := conn.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&seen.version); err != nil {
		return classify(err)
	}
	if last := db.lastWrite.Swap(&seen); last == nil || *last != seen {
		db.changes.epoch.Add(1)
	}
	return nil
}

// lastWrite is the version that a connection tells; that of another connection
// cannot be compared with it.
type lastWrite struct {
	conn    any
	version int64
}

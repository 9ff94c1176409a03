package store

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	// WatchInterval is how often [Watch.Look] should be called.
	WatchInterval = 250 * time.Millisecond
	// watchTrust is how long one look is good for. Changes by other processes are seen
	// within this time, whatever delays the next look.
	watchTrust = time.Second
)

// Watch looks for changes that other processes make to the database, such as an
// operator's command. What is cached may be served only while the watch is fresh.
type Watch struct {
	db     *DB
	now    func() time.Time
	looked atomic.Int64 // time of the last look in microseconds; 0: never
}

// NewWatch returns a watch that has not looked yet.
func NewWatch(db *DB, now func() time.Time) *Watch { return &Watch{db: db, now: now} }

// Look looks once. On an error nothing cached is served until the next look succeeds.
func (w *Watch) Look(ctx context.Context) error {
	now := w.now()
	err := w.db.NoticeOthers(ctx)
	if err == nil {
		w.looked.Store(now.UnixMicro())
	}
	return err
}

// IsFresh reports whether the last look still holds at the time now. A clock that was
// set back makes it stale.
func (w *Watch) IsFresh(now time.Time) bool {
	since := now.UnixMicro() - w.looked.Load()
	return since >= 0 && since < watchTrust.Microseconds()
}

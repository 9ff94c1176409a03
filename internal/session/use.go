package session

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/store"
)

// No request waits for its last-seen to be written. Uses are collected, and written
// together every second. A crash loses one second of them, which does not matter to an
// idle limit of days.

const (
	// FlushInterval is how often [Service.FlushUses] should be called.
	FlushInterval = time.Second
	// maxUses bounds the uses in memory. Beyond it, a request writes its own use.
	maxUses = 100_000
)

// uses are the uses of sessions that are not written yet, by session id.
type uses struct {
	flushing sync.Mutex // held while writing

	mu        sync.Mutex
	collected map[string]store.Use // nil: uses are not collected, see FlushUses
	writing   map[string]store.Use // handed over to be written; never changed
}

// add keeps a use to be written. It returns false if uses are not collected or there is
// no room.
func (u *uses) add(row store.Session, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.collected == nil || len(u.collected)+len(u.writing) >= maxUses {
		return false
	}
	u.collected[row.ID] = store.Use{SessionID: row.ID, UserID: row.UserID, At: now}
	return true
}

// start begins to collect.
func (u *uses) start() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.collected == nil {
		u.collected = map[string]store.Use{}
	}
}

// stop ends collecting. What was collected can still be written.
func (u *uses) stop() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.writing, u.collected = u.all(), nil
}

// latest returns the row as it will be when its use is written.
func (u *uses) latest(row store.Session) store.Session {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, known := range []map[string]store.Use{u.writing, u.collected} { // the later one wins
		if use, ok := known[row.ID]; ok {
			row.LastSeenAt = use.At
		}
	}
	return row
}

// take hands over what was collected, and what could not be written before.
func (u *uses) take() map[string]store.Use {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.collected) > 0 {
		u.writing, u.collected = u.all(), map[string]store.Use{}
	}
	return u.writing
}

func (u *uses) all() map[string]store.Use {
	if len(u.writing) == 0 {
		return u.collected
	}
	all := maps.Clone(u.writing)
	maps.Copy(all, u.collected)
	return all
}

// written forgets what take handed over.
func (u *uses) written() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.writing = nil
}

// touchInterval is how much later than the row a use must be to be written.
func (s *Service) touchInterval() time.Duration { return min(time.Hour, s.opt.Idle/16) }

// touch records a use of a session, in the background if possible.
func (s *Service) touch(ctx context.Context, row store.Session, now time.Time) {
	isExact := s.touchInterval() < 10*FlushInterval // the limits are so short that a second counts
	if !isExact && s.uses.add(row, now) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, detour)
	defer cancel()
	// A failure turns no user away: the disk may be full.
	if err := s.writeUses(ctx, []store.Use{{SessionID: row.ID, UserID: row.UserID, At: now}}); err != nil {
		s.opt.Log.WarnContext(ctx, "last-seen of a session not written", "error", err)
	}
}

func (s *Service) writeUses(ctx context.Context, all []store.Use) error {
	for batch := range slices.Chunk(all, guard.SweepBatch) {
		if err := s.db.Tx(ctx, func(tx *store.Tx) error { return tx.TouchSessions(ctx, batch, s.touchInterval()) }); err != nil {
			return err
		}
	}
	return nil
}

// FlushUses writes the uses collected since the last call. From the first call on, uses
// are collected; before, and after [Service.StopUses], each request writes its own.
func (s *Service) FlushUses(ctx context.Context) error {
	s.uses.start()
	return s.flushUses(ctx)
}

// StopUses writes what was collected and stops collecting.
func (s *Service) StopUses(ctx context.Context) error {
	s.uses.stop()
	return s.flushUses(ctx)
}

// flushUses writes what was collected. What cannot be written stays for the next call.
func (s *Service) flushUses(ctx context.Context) error {
	s.uses.flushing.Lock()
	defer s.uses.flushing.Unlock()
	all := s.uses.take()
	if len(all) == 0 {
		return nil
	}
	if err := s.writeUses(ctx, slices.Collect(maps.Values(all))); err != nil {
		return err
	}
	s.uses.written()
	return nil
}

package account

import (
	"context"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// That a session is in use is written down once an hour, so that one that is not can
// be told. Nobody has to wait for that: uses are gathered, and written together
// every second. A crash loses a second of them, which the limit for idle sessions,
// of days, does not notice.

const (
	// touchDelay is how long a use may wait to be written down.
	touchDelay = time.Second
	// maxUses bounds the memory of uses; who comes then waits for the writing.
	maxUses = 100_000
)

// uses are sessions in use that are still to be written down.
type uses struct {
	mu       sync.Mutex
	gathered map[string]use // by the session's id; nil: nobody writes them
}

type use struct {
	userID string
	at     time.Time
}

// add keeps a use to be written; false if there is nobody to do that, or no room.
func (u *uses) add(in store.Session, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gathered == nil || len(u.gathered) >= maxUses {
		return false
	}
	u.gathered[in.ID] = use{in.UserID, now}
	return true
}

// gather begins to keep uses.
func (u *uses) gather() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.gathered = map[string]use{}
}

// latest is a session as it will be when its use is written down.
func (u *uses) latest(in store.Session) store.Session {
	u.mu.Lock()
	defer u.mu.Unlock()
	if use, ok := u.gathered[in.ID]; ok {
		in.LastSeenAt = use.at
	}
	return in
}

// drain hands over what was gathered, if anything.
func (u *uses) drain() map[string]use {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.gathered) == 0 {
		return nil
	}
	drained := u.gathered
	u.gathered = map[string]use{}
	return drained
}

// end hands over what was gathered and keeps no more.
func (u *uses) end() map[string]use {
	u.mu.Lock()
	defer u.mu.Unlock()
	last := u.gathered
	u.gathered = nil
	return last
}

// touch sees to it that the use of a session is written down.
func (s *Service) touch(ctx context.Context, in store.Session, now time.Time) {
	if s.touchInterval() < time.Hour || !s.uses.add(in, now) { // with short limits a second counts
		ctx, cancel := context.WithTimeout(ctx, asideWait)
		defer cancel()
		s.writeUses(ctx, map[string]use{in.ID: {in.UserID, now}})
	}
}

// writeUses writes uses down, as many a transaction as the sweep. Who is signed in is
// not turned away when that fails, for the disk may be full.
func (s *Service) writeUses(ctx context.Context, all map[string]use) {
	batch := make(map[string]use, min(len(all), sweepBatch))
	for id, u := range all {
		delete(all, id)
		if batch[id] = u; len(batch) < sweepBatch && len(all) > 0 {
			continue
		}
		err := s.db.Tx(ctx, func(tx *store.Tx) error {
			for id, u := range batch {
				if err := tx.TouchSession(ctx, u.userID, id, u.at, u.at.Add(-s.touchInterval())); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			s.opt.Log.WarnContext(ctx, "use of sessions not written down", "sessions", len(batch), "error", err)
		}
		clear(batch)
	}
}

// flushUses writes down what was gathered, before sessions are judged by it.
func (s *Service) flushUses(ctx context.Context) { s.writeUses(ctx, s.uses.drain()) }

// gatherUses gathers uses and writes them down until ctx ends.
func (s *Service) gatherUses(ctx context.Context) {
	s.uses.gather()
	defer func() { s.writeUses(context.WithoutCancel(ctx), s.uses.end()) }()
	tick := time.NewTicker(touchDelay)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.flushUses(ctx)
		}
	}
}

package account

import (
	"context"
	"maps"
	"slices"
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

// uses are sessions in use that are still to be written down, by the session's id.
type uses struct {
	flushing sync.Mutex // held by who writes

	mu       sync.Mutex
	gathered map[string]use // nil: nobody writes them
	writing  map[string]use // handed over to be written; never changed
}

type use struct {
	userID string
	at     time.Time
}

// add keeps a use to be written; false if there is nobody to do that, or no room.
func (u *uses) add(in store.Session, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gathered == nil || len(u.gathered)+len(u.writing) >= maxUses {
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

// end keeps no more of them than there are.
func (u *uses) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.writing, u.gathered = u.all(), nil
}

// latest is a session as it will be when its use is written down.
func (u *uses) latest(in store.Session) store.Session {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, known := range []map[string]use{u.writing, u.gathered} { // the later last
		if use, ok := known[in.ID]; ok {
			in.LastSeenAt = use.at
		}
	}
	return in
}

// take hands over what there is, with what could not be written before.
func (u *uses) take() map[string]use {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.gathered) > 0 {
		u.writing, u.gathered = u.all(), map[string]use{}
	}
	return u.writing
}

func (u *uses) all() map[string]use {
	if len(u.writing) == 0 {
		return u.gathered
	}
	all := maps.Clone(u.writing)
	maps.Copy(all, u.gathered)
	return all
}

// written forgets what take handed over: now the database knows.
func (u *uses) written() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.writing = nil
}

// touch sees to it that the use of a session is written down.
func (s *Service) touch(ctx context.Context, in store.Session, now time.Time) {
	if s.touchInterval() >= 10*touchDelay && s.uses.add(in, now) { // otherwise the limits are so short that a second counts
		return
	}
	ctx, cancel := context.WithTimeout(ctx, asideWait)
	defer cancel()
	// Who is signed in is not turned away when that fails, for the disk may be full.
	if err := s.writeUses(ctx, map[string]use{in.ID: {in.UserID, now}}); err != nil {
		s.opt.Log.WarnContext(ctx, "use of a session not written down", "error", err)
	}
}

// writeUses writes uses down, as many a transaction as the sweep.
func (s *Service) writeUses(ctx context.Context, all map[string]use) error {
	for batch := range slices.Chunk(slices.Collect(maps.Keys(all)), sweepBatch) {
		err := s.db.Tx(ctx, func(tx *store.Tx) error {
			for _, id := range batch {
				u := all[id]
				if err := tx.TouchSession(ctx, u.userID, id, u.at, u.at.Add(-s.touchInterval())); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// flushUses writes down what was gathered, before sessions are judged by it. What
// cannot be written stays for the next time.
func (s *Service) flushUses(ctx context.Context) error {
	s.uses.flushing.Lock()
	defer s.uses.flushing.Unlock()
	all := s.uses.take()
	if len(all) == 0 {
		return nil
	}
	err := s.writeUses(ctx, all)
	if err == nil {
		s.uses.written()
	} else {
		s.opt.Log.WarnContext(ctx, "use of sessions not written down yet", "sessions", len(all), "error", err)
	}
	return err
}

// gatherUses gathers uses and writes them down until ctx ends.
func (s *Service) gatherUses(ctx context.Context) {
	s.uses.gather()
	defer func() { s.uses.end(); _ = s.flushUses(context.WithoutCancel(ctx)) }() // a failure is in the log
	tick := time.NewTicker(touchDelay)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = s.flushUses(ctx) // likewise
		}
	}
}

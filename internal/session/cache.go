package session

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/cardea-accounts/cardea/internal/cache"

	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/token"
	"github.com/cardea-accounts/cardea/internal/user"
)

// liveCache keeps the most recently used live sessions in memory, so finding the user of a
// request takes no SQL. After a change by this process, the old session is never served
// (see store.Stamp). After a change by another process, it is served for at most a second
// (see store.Watch).
type liveCache struct {
	db           *store.DB
	watch        *store.Watch
	entries      cache.Cache[token.Hash, *cached]
	hits, misses atomic.Int64
}

type cached struct {
	Session
	row   store.Session
	stamp store.Stamp
}

// newCache returns a cache of at most size sessions.
func newCache(db *store.DB, watch *store.Watch, size int) *liveCache {
	return &liveCache{db: db, watch: watch, entries: cache.New[token.Hash, *cached](size)}
}

// get returns the session of a token if it is in memory and as the database has it.
func (c *liveCache) get(hash token.Hash, now time.Time) *cached {
	in, ok := c.entries.GetIfPresent(hash)
	if !ok || !in.stamp.Holds() || !c.watch.IsFresh(now) {
		return nil
	}
	c.hits.Add(1)
	return in
}

// load reads the session of a token and keeps it. Error: [store.ErrNotFound].
func (c *liveCache) load(ctx context.Context, hash token.Hash) (*cached, error) {
	c.misses.Add(1)
	began := c.db.Moment()
	found, err := c.db.SessionByTokenHash(ctx, hash[:])
	if err != nil {
		return nil, err
	}
	in := &cached{row: found.Session}
	in.Session = Session{ID: found.Session.ID, User: user.From(found.User, found.Picture),
		ConfirmedAt: found.Session.ConfirmedAt, Memo: new(atomic.Value), flaskFrom: found.User.FlaskFrom}
	var ok bool
	if in.stamp, ok = c.db.Stamp(began, found.User.ID); ok {
		c.entries.Set(hash, in)
	}
	return in, nil
}

// CacheStats are figures of the sessions in memory.
type CacheStats struct {
	Entries      int64
	Hits, Misses int64 // since the start; an outdated entry is a miss
}

// CacheStats returns the figures of this moment.
func (s *Service) CacheStats() CacheStats {
	return CacheStats{int64(s.cache.entries.EstimatedSize()), s.cache.hits.Load(), s.cache.misses.Load()}
}

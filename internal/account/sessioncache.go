package account

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/cardea-accounts/cardea/internal/store"
)

const (
	// watchInterval is how often the database is asked whether another process,
	// such as an operator's command, has written to it.
	watchInterval = 250 * time.Millisecond
	// watchTrust is how long the answer is good for: changes by others are seen
	// within it, whatever delays the next one.
	watchTrust = time.Second
)

// sessionCache keeps the live sessions that were used last, so that finding out
// whose request it is takes no SQL. It is exact: what this process has changed
// about a person is never answered from here, see store/change.go.
type sessionCache struct {
	db      *store.DB
	entries *otter.Cache[tokenHash, *cachedSession]
	hits    atomic.Int64
	misses  atomic.Int64
	watched atomic.Int64 // when others' changes were last looked for, in microseconds of the service's clock; 0: never
}

type cachedSession struct {
	Session
	row   store.Session
	stamp store.Stamp
}

// newSessionCache returns a cache of at most size sessions.
func newSessionCache(db *store.DB, size int) *sessionCache {
	return &sessionCache{db: db, entries: otter.Must(&otter.Options[tokenHash, *cachedSession]{MaximumSize: size})}
}

// get returns the session of a token if it is known, and surely as the database has it.
func (c *sessionCache) get(token tokenHash, now time.Time) *cachedSession {
	in, ok := c.entries.GetIfPresent(token)
	if !ok || !in.stamp.Holds() || !c.watches(now) {
		return nil
	}
	c.hits.Add(1)
	return in
}

// watches tells whether what other processes change is known, so that a stamp that
// holds can be believed. A clock that was set back tells nothing.
func (c *sessionCache) watches(now time.Time) bool {
	since := now.UnixMicro() - c.watched.Load()
	return since >= 0 && since < watchTrust.Microseconds()
}

// load reads the session of a token and keeps it. Error: store.ErrNotFound.
func (c *sessionCache) load(ctx context.Context, token tokenHash) (*cachedSession, error) {
	c.misses.Add(1)
	began := c.db.Moment()
	found, err := c.db.SessionByTokenHash(ctx, token[:])
	if err != nil {
		return nil, err
	}
	in := &cachedSession{row: found.Session}
	in.Session = Session{ID: found.Session.ID, User: userOf(found.User, found.Picture), Memo: new(atomic.Value)}
	var ok bool
	if in.stamp, ok = c.db.Stamp(began, found.User.ID); ok {
		c.entries.Set(token, in)
	}
	return in, nil
}

// CacheStats are figures about the sessions kept in memory.
type CacheStats struct {
	Entries      int64
	Hits, Misses int64 // since the start; what is kept and no longer holds is a miss
}

func (c *sessionCache) stats() CacheStats {
	return CacheStats{int64(c.entries.EstimatedSize()), c.hits.Load(), c.misses.Load()}
}

// watch looks for the changes of other processes until ctx ends. While that does
// not work, nothing is answered from the cache.
func (c *sessionCache) watch(ctx context.Context, now func() time.Time) {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for {
		c.look(ctx, now())
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look looks once for the changes of other processes.
func (c *sessionCache) look(ctx context.Context, now time.Time) {
	if err := c.db.NoticeOthers(ctx); err == nil { // otherwise the next requests find out what is wrong
		c.watched.Store(now.UnixMicro())
	}
}

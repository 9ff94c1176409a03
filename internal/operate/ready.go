package operate

import (
	"context"
	"errors"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/store"
)

// Readiness finds out whether a server can use its database and its picture storage.
type Readiness struct {
	db       *store.DB
	pictures *media.Pictures
}

// NewReadiness returns the readiness of a database and the pictures.
func NewReadiness(db *store.DB, pictures *media.Pictures) Readiness { return Readiness{db, pictures} }

// Failures is [Readiness.Failures] of an open data folder.
func (d *Data) Failures(ctx context.Context) map[string]Failure {
	return NewReadiness(d.db, d.pictures).Failures(ctx)
}

// Failure is why a part cannot be used.
type Failure struct {
	What string // a few words without anything secret
	Err  error
}

// Failures returns what cannot be used, by the name of the part: database, storage. It is
// empty if all is well. A caller that leaves says nothing about the parts, so the probes
// continue without it, for at most probePatience.
func (r Readiness) Failures(ctx context.Context) map[string]Failure {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probePatience)
	defer cancel()
	type result struct {
		part string
		err  error
	}
	probes := map[string]func(context.Context) error{"database": r.db.Ping, "storage": r.pictures.Check}
	results := make(chan result, len(probes)) // a probe that hangs may end later
	missing := map[string]bool{}
	for part, probe := range probes {
		missing[part] = true
		go func() { results <- result{part, probe(ctx)} }()
	}
	failures := map[string]Failure{}
	for len(missing) > 0 {
		select {
		case r := <-results:
			delete(missing, r.part)
			if r.err != nil {
				failures[r.part] = Failure{inFewWords(r.err), r.err}
			}
		case <-ctx.Done():
			for part := range missing {
				failures[part] = Failure{inFewWords(ctx.Err()), ctx.Err()}
			}
			return failures
		}
	}
	return failures
}

// probePatience bounds a probe. A file system that does not answer may hold a call for ever.
const probePatience = 4 * time.Second

// brief is an error that an operator must correct. It says in a few words what is wrong.
type brief interface {
	error
	Brief() string // nothing secret; may be empty
}

func inFewWords(err error) string {
	if known, ok := errors.AsType[brief](err); ok && known.Brief() != "" {
		return known.Brief()
	}
	switch {
	case errors.Is(err, store.ErrDamaged):
		return "is damaged"
	case errors.Is(err, media.ErrStorageGone):
		return "is missing or empty"
	case errors.Is(err, store.ErrInUse):
		return "is served by another server"
	case errors.Is(err, store.ErrGone):
		return "was removed or replaced"
	case errors.Is(err, store.ErrFull), errors.Is(err, blob.ErrFull):
		return "has no space left"
	case errors.Is(err, store.ErrUnwritable):
		return "cannot be written"
	}
	return "does not answer"
}

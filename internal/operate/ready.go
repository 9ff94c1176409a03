package operate

import (
	"context"
	"errors"

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

// Failure is why a part cannot be used.
type Failure struct {
	What string // a few words without anything secret
	Err  error
}

// Failures returns what cannot be used, by the name of the part: database, storage. It is
// empty if all is well.
func (r Readiness) Failures(ctx context.Context) map[string]Failure {
	failures := map[string]Failure{}
	for part, err := range map[string]error{"database": r.db.Ping(ctx), "storage": r.pictures.Check(ctx)} {
		if err != nil {
			failures[part] = Failure{inFewWords(err), err}
		}
	}
	return failures
}

func inFewWords(err error) string {
	switch {
	case errors.Is(err, store.ErrDamaged):
		return "is damaged"
	case errors.Is(err, store.ErrFull), errors.Is(err, blob.ErrFull):
		return "has no space left"
	case errors.Is(err, store.ErrUnwritable):
		return "cannot be written"
	}
	return "does not answer"
}

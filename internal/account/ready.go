package account

import (
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/store"
)

// Trouble is why a part of the service's surroundings cannot be used.
type Trouble struct {
	What string // in a few words that tell nothing secret
	Err  error
}

// Ready reports what of the service's surroundings cannot be used, by the name of
// the part. It is empty when all is well.
func (s *Service) Ready(ctx context.Context) map[string]Trouble {
	trouble := map[string]Trouble{}
	for part, err := range map[string]error{"database": s.db.Ping(ctx), "storage": s.pictures.Check(ctx)} {
		if err != nil {
			trouble[part] = Trouble{troubleOf(err), err}
		}
	}
	return trouble
}

func troubleOf(err error) string {
	switch {
	case errors.Is(err, store.ErrDamaged):
		return "is damaged"
	case errors.Is(err, store.ErrFull), errors.Is(err, blob.ErrFull):
		return "has no room left"
	case errors.Is(err, store.ErrUnwritable):
		return "takes no writes"
	}
	return "does not answer"
}

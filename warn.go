package cardea

import (
	"context"
	"fmt"
	"strings"

	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/store"
)

// warnOfLostWrites warns if a database server confirms changes before they are on disk.
func (s *Server) warnOfLostWrites(ctx context.Context) {
	settings, err := s.place.NotDurable(ctx)
	if err == nil && len(settings) > 0 { // an error shows up elsewhere, too
		s.cfg.Log.WarnContext(ctx, "PostgreSQL may lose confirmed changes in a crash: turn these settings on, for the server, the database or the role",
			"settings", strings.Join(settings, " "))
	}
}

// quickCheck looks for damage, see [store.DB.QuickCheck]. It also warns if the tables on a server were
// changed in a way that does no harm.
func (s *Server) quickCheck(ctx context.Context, db *store.DB) error {
	harmless, err := db.QuickCheck(ctx)
	if len(harmless) > 0 {
		s.cfg.Log.WarnContext(ctx, "the schema of the database is not as Cardea creates it: check that the differences are intended", "differences", strings.Join(harmless, "; "))
	}
	return err
}

// warnOfLostKey warns before a new secret.key takes the place of one that users had.
func (s *Server) warnOfLostKey(ctx context.Context, dir datadir.Dir, db *store.DB) error {
	if _, state, _ := dir.ReadSecret(); state != datadir.KeyMissing {
		return nil
	}
	anyUser, err := db.UsersByEmailKey(ctx, "", "\U0010ffff", 1)
	if err != nil {
		return fmt.Errorf("database: cannot read it: %w", err)
	}
	if len(anyUser) > 0 {
		s.cfg.Log.WarnContext(ctx, "secret.key is missing although there are users; a new one is created: "+
			"no device is known any more, and default avatars get new addresses", "file", dir.SecretFile())
	}
	return nil
}

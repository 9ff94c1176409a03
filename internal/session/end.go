package session

import (
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/token"
)

// Logout ends the sessions and Flask cookies that the client presents. Without a live one it
// does nothing.
func (s *Service) Logout(ctx context.Context, client guard.Client) error {
	presented, cookies := client.Sessions(), s.flaskCookies(client)
	if len(presented)+len(cookies) == 0 {
		return nil
	}
	return guard.PublicError(s.audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
		if err := end(ctx, tx, presented, guard.EventLogout, report); err != nil {
			return err
		}
		return s.endFlask(ctx, tx, cookies, guard.EventLogout, report)
	}))
}

// end ends the sessions of some tokens, and reports an event for each that existed.
func end(ctx context.Context, tx *store.Tx, tokens []token.Token, event guard.Event, report guard.Report) error {
	for _, t := range tokens {
		hash := t.Hash()
		userID, err := tx.DeleteSessionByTokenHash(ctx, hash[:])
		switch {
		case err == nil:
			report(event, userID)
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
	}
	return nil
}

// End ends one session of a user. Errors: session_not_found, also for a session of
// another user; too_many_changes.
func (s *Service) End(ctx context.Context, userID, id string, client guard.Client) error {
	if !token.IsID(id) {
		return guard.ErrSessionNotFound
	}
	if err := s.limits.AdmitChange(userID); err != nil {
		return err
	}
	err := s.audit.TransactEvent(ctx, guard.EventSessionsEnded, userID, client, func(tx *store.Tx) error {
		return tx.DeleteSession(ctx, userID, id)
	})
	return guard.PublicError(guard.IfNotFound(err, guard.ErrSessionNotFound))
}

// EndOthers ends every session of a user but the given one and returns how many. Error:
// too_many_changes.
func (s *Service) EndOthers(ctx context.Context, in *Session, client guard.Client) (ended int64, err error) {
	if err := s.limits.AdmitChange(in.User.ID); err != nil {
		return 0, err
	}
	return s.EndAll(ctx, in.User.ID, in.ID, client)
}

// EndAll ends every session of a user except the one with the id keep, which may be
// empty, and returns how many. It is not limited.
func (s *Service) EndAll(ctx context.Context, userID, keep string, client guard.Client) (ended int64, err error) {
	err = s.audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) (err error) {
		ended, err = tx.DeleteSessionsOfUser(ctx, userID, keep, s.opt.Now())
		if ended > 0 {
			report(guard.EventSessionsEnded, userID)
		}
		return err
	})
	return ended, guard.PublicError(err)
}

// redateAll corrects the sessions that are dated in the future, see redate. It looks at the clock
// again once they are read: a session that began while the sweep was held up is not of the future.
func (s *Service) redateAll(ctx context.Context) error {
	for {
		rows, err := s.db.FutureSessions(ctx, s.opt.Now().Add(redateFrom), guard.SweepBatch)
		if err != nil || len(rows) == 0 {
			return err
		}
		now := s.opt.Now()
		err = s.db.Tx(ctx, func(tx *store.Tx) error {
			for _, row := range rows {
				if err := tx.RedateSession(ctx, row.UserID, row.ID, now); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// Sweep deletes expired sessions, and corrects those that are dated in the future.
func (s *Service) Sweep(ctx context.Context) error {
	if err := s.flushUses(ctx); err != nil {
		return err
	}
	redated := s.redateAll(ctx)
	now := s.opt.Now()
	return errors.Join(
		redated,
		s.db.InBatches(ctx, guard.SweepBatch, func(tx *store.Tx) (int64, error) {
			return tx.DeleteIdleSessions(ctx, now.Add(-s.opt.Idle), guard.SweepBatch)
		}),
		s.db.InBatches(ctx, guard.SweepBatch, func(tx *store.Tx) (int64, error) {
			return tx.DeleteOldSessions(ctx, now.Add(-s.opt.Max), guard.SweepBatch)
		}),
		s.db.InBatches(ctx, guard.SweepBatch, func(tx *store.Tx) (int64, error) {
			return tx.DeleteExpiredFlaskCookies(ctx, now, guard.SweepBatch)
		}),
	)
}

// EndEverything ends every session of every user and returns how many, with an event for
// each user. Flask cookies that were issued until now are not taken. It works in batches, so a
// failure leaves the rest; calling it again continues.
func (s *Service) EndEverything(ctx context.Context, client guard.Client) (ended int64, err error) {
	now := s.opt.Now()
	if err := s.db.Tx(ctx, func(tx *store.Tx) error { return tx.SetMark(ctx, store.FlaskFrom, now) }); err != nil {
		return 0, guard.PublicError(err)
	}
	for {
		n := int64(0)
		err := s.audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
			users, err := tx.UsersWithSessions(ctx, guard.SweepBatch)
			n = 0 // the transaction may run again
			for _, userID := range users {
				of, err := tx.DeleteSessionsOfUser(ctx, userID, "", now)
				if err != nil {
					return err
				}
				n += of
				report(guard.EventSessionsEnded, userID)
			}
			return err
		})
		if err != nil || n == 0 {
			return ended, guard.PublicError(err)
		}
		ended += n
	}
}

package session

import (
	"context"
	"errors"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/store"
)

// Logout ends the session that the client presents. Without a live one it does nothing.
func (s *Service) Logout(ctx context.Context, client guard.Client) error {
	if !client.Session.IsWellFormed() {
		return nil
	}
	hash := client.Session.Hash()
	err := s.audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
		userID, err := tx.DeleteSessionByTokenHash(ctx, hash[:])
		if err == nil {
			report(guard.EventLogout, userID)
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return guard.PublicError(err)
}

// End ends one session of a user. Errors: session_not_found, also for a session of
// another user; too_many_changes.
func (s *Service) End(ctx context.Context, userID, id string, client guard.Client) error {
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
		ended, err = tx.DeleteSessionsOfUser(ctx, userID, keep)
		if ended > 0 {
			report(guard.EventSessionsEnded, userID)
		}
		return err
	})
	return ended, guard.PublicError(err)
}

// redateAll corrects the sessions that are dated in the future, see redate.
func (s *Service) redateAll(ctx context.Context, now time.Time) error {
	for {
		rows, err := s.db.FutureSessions(ctx, now.Add(redateFrom), guard.SweepBatch)
		if err != nil || len(rows) == 0 {
			return err
		}
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
	now := s.opt.Now()
	return errors.Join(
		s.redateAll(ctx, now),
		s.db.InBatches(ctx, guard.SweepBatch, func(tx *store.Tx) (int64, error) {
			return tx.DeleteIdleSessions(ctx, now.Add(-s.opt.Idle), guard.SweepBatch)
		}),
		s.db.InBatches(ctx, guard.SweepBatch, func(tx *store.Tx) (int64, error) {
			return tx.DeleteOldSessions(ctx, now.Add(-s.opt.Max), guard.SweepBatch)
		}),
	)
}

// EndEverything ends every session of every user and returns how many. It deletes in
// batches, so a failure leaves the rest; calling it again continues.
func (s *Service) EndEverything(ctx context.Context, client guard.Client) (ended int64, err error) {
	for n := int64(guard.SweepBatch); n == guard.SweepBatch && err == nil; ended += n {
		err = s.db.Tx(ctx, func(tx *store.Tx) (err error) {
			n, err = tx.DeleteAllSessions(ctx, guard.SweepBatch)
			return err
		})
		if err != nil {
			n = 0
		}
	}
	if ended > 0 {
		s.audit.Record(ctx, guard.EventSessionsEnded, "", client)
	}
	return ended, guard.PublicError(err)
}

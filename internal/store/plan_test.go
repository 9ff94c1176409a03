package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// queries calls every method of Tx that holds SQL, by its name.
var queries = map[string]func(*store.Tx, context.Context) error{
	"UserByID": func(tx *store.Tx, ctx context.Context) error { _, err := tx.UserByID(ctx, "ann"); return err },
	"UserByEmailKey": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.UserByEmailKey(ctx, "ann@example.com")
		return err
	},
	"SessionByTokenHash": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.SessionByTokenHash(ctx, []byte("token of s1"))
		return err
	},
	"KnownTokenHashes": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.KnownTokenHashes(ctx, [][]byte{[]byte("token of s1")})
		return err
	},
	"SessionsOfUser": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.SessionsOfUser(ctx, "ann", at(9), "s", 9)
		return err
	},
	"SessionOfUser": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.SessionOfUser(ctx, "ann", "s1")
		return err
	},
	"UsersByEmailKey": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.UsersByEmailKey(ctx, "a", "b", 9)
		return err
	},
	"FileByKey": func(tx *store.Tx, ctx context.Context) error { _, err := tx.FileByKey(ctx, "key1"); return err },
	"PictureInSize": func(tx *store.Tx, ctx context.Context) error {
		_, whole := tx.PictureInSize(ctx, "ann", 0)
		_, crop := tx.PictureInSize(ctx, "ann", 64)
		return errors.Join(whole, crop)
	},
	"IsOldPictureName": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.IsOldPictureName(ctx, "ann", "old.png")
		return err
	},
	"PicturesWithoutCrops": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.PicturesWithoutCrops(ctx, "a", 9)
		return err
	},
	"PicturesAfter": func(tx *store.Tx, ctx context.Context) error { _, err := tx.PicturesAfter(ctx, "a", 9); return err },
	"KnowsFile":     func(tx *store.Tx, ctx context.Context) error { _, err := tx.KnowsFile(ctx, "key1"); return err },
	"DeleteUser":    func(tx *store.Tx, ctx context.Context) error { return tx.DeleteUser(ctx, "ann") },

	"PictureOfUser": func(tx *store.Tx, ctx context.Context) error { _, err := tx.PictureOfUser(ctx, "ann"); return err },
	"DueOrphans":    func(tx *store.Tx, ctx context.Context) error { _, err := tx.DueOrphans(ctx, at(99), 9); return err },

	"CreateUser":   func(tx *store.Tx, ctx context.Context) error { return tx.CreateUser(ctx, newUser("bob")) },
	"SetName":      func(tx *store.Tx, ctx context.Context) error { return tx.SetName(ctx, "ann", "Ann") },
	"SetEmail":     func(tx *store.Tx, ctx context.Context) error { return tx.SetEmail(ctx, "ann", "a@b.c", "a@b.c", true) },
	"SetSuspended": func(tx *store.Tx, ctx context.Context) error { return tx.SetSuspended(ctx, "ann", at(5)) },
	"ReplacePasswordHash": func(tx *store.Tx, ctx context.Context) error {
		return tx.ReplacePasswordHash(ctx, "ann", "hash of ann", "h")
	},

	"CreateSession": func(tx *store.Tx, ctx context.Context) error {
		return tx.CreateSession(ctx, session("s2", "ann", at(1), at(1)))
	},
	"ConfirmSession": func(tx *store.Tx, ctx context.Context) error { return tx.ConfirmSession(ctx, "ann", "s1", at(9)) },
	"TouchSessions": func(tx *store.Tx, ctx context.Context) error {
		one, other := store.Use{"s1", "ann", at(9)}, store.Use{"s2", "ann", at(9)}
		return errors.Join(tx.TouchSessions(ctx, []store.Use{one}, time.Second), tx.TouchSessions(ctx, []store.Use{one, other}, time.Second))
	},
	"DeleteSessionByTokenHash": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.DeleteSessionByTokenHash(ctx, []byte("token of s1"))
		return err
	},
	"DeleteExpiredSession": func(tx *store.Tx, ctx context.Context) error {
		return tx.DeleteExpiredSession(ctx, []byte("token of s1"), at(99), at(99))
	},
	"DeleteSession": func(tx *store.Tx, ctx context.Context) error { return tx.DeleteSession(ctx, "ann", "s1") },
	"DeleteSessionsOfUser": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.DeleteSessionsOfUser(ctx, "ann", "s1", at(9))
		return err
	},
	"DeleteSessionsBeyond": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.DeleteSessionsBeyond(ctx, "ann", 0, 9)
		return err
	},
	"UsersWithSessions": func(tx *store.Tx, ctx context.Context) error { _, err := tx.UsersWithSessions(ctx, 9); return err },
	"DeleteIdleSessions": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.DeleteIdleSessions(ctx, at(9), 9)
		return err
	},
	"DeleteOldSessions": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.DeleteOldSessions(ctx, at(9), 9)
		return err
	},

	"AttemptsAfter": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.AttemptsAfter(ctx, []byte("ann"), at(1), 9)
		return err
	},
	"RedateFutureAttempts": func(tx *store.Tx, ctx context.Context) error {
		return tx.RedateFutureAttempts(ctx, []byte("ann"), at(1))
	},
	"DeleteOldAuditWithoutUser": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.DeleteOldAuditWithoutUser(ctx, at(9), 9)
		return err
	},
	"AddAudit": func(tx *store.Tx, ctx context.Context) error {
		return tx.AddAudit(ctx, store.Audit{ID: "a2", At: at(2)})
	},
	"AuditOfUser":    func(tx *store.Tx, ctx context.Context) error { _, err := tx.AuditOfUser(ctx, "ann", 9); return err },
	"DeleteOldAudit": func(tx *store.Tx, ctx context.Context) error { _, err := tx.DeleteOldAudit(ctx, at(9), 9); return err },
	"AddAttempt": func(tx *store.Tx, ctx context.Context) error {
		return tx.AddAttempt(ctx, store.Attempt{"t2", []byte("ann"), at(2)})
	},
	"DeleteAttemptsFrom": func(tx *store.Tx, ctx context.Context) error {
		return tx.DeleteAttemptsFrom(ctx, []byte("the hash of a user"))
	},
	"DeleteAttempts": func(tx *store.Tx, ctx context.Context) error { return tx.DeleteAttempts(ctx, []byte("ann")) },
	"DeleteOldAttempts": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.DeleteOldAttempts(ctx, at(9), 9)
		return err
	},

	"SetPicture":    func(tx *store.Tx, ctx context.Context) error { return tx.SetPicture(ctx, picture("ann", "key2")) },
	"DeletePicture": func(tx *store.Tx, ctx context.Context) error { return tx.DeletePicture(ctx, "ann") },

	"AddOrphans":           func(tx *store.Tx, ctx context.Context) error { return tx.AddOrphans(ctx, []string{"o3", "o4"}, at(3)) },
	"AdoptOrphan":          func(tx *store.Tx, ctx context.Context) error { return tx.AdoptOrphan(ctx, "o30", at(3)) },
	"ForgetOrphans":        func(tx *store.Tx, ctx context.Context) error { return tx.ForgetOrphans(ctx, []string{"o30", "o40"}) },
	"ExpireOrphan":         func(tx *store.Tx, ctx context.Context) error { return tx.ExpireOrphan(ctx, "key1", at(3)) },
	"OrphansAfter":         func(tx *store.Tx, ctx context.Context) error { _, err := tx.OrphansAfter(ctx, at(3)); return err },
	"ForgetAuditAddresses": func(tx *store.Tx, ctx context.Context) error { return tx.ForgetAuditAddresses(ctx, "ann") },
	"SetLanguage":          func(tx *store.Tx, ctx context.Context) error { return tx.SetLanguage(ctx, "ann", "de") },
	"ChallengeByToken": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.ChallengeByToken(ctx, []byte("t1"))
		return notMissing(err)
	},
	"ChallengeOfUser": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.ChallengeOfUser(ctx, "ann", "reset")
		return notMissing(err)
	},
	"ChallengeOfBrowser": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.ChallengeOfBrowser(ctx, []byte("b1"), "login")
		return notMissing(err)
	},
	"CreateChallenge":  func(tx *store.Tx, ctx context.Context) error { return tx.CreateChallenge(ctx, challenge("c2")) },
	"CountCodeAttempt": func(tx *store.Tx, ctx context.Context) error { return notMissing(tx.CountCodeAttempt(ctx, "c1", 5)) },
	"DeleteChallenge":  func(tx *store.Tx, ctx context.Context) error { return notMissing(tx.DeleteChallenge(ctx, "c1")) },
	"DeleteChallengesOfUser": func(tx *store.Tx, ctx context.Context) error {
		return tx.DeleteChallengesOfUser(ctx, "ann", "reset", at(1))
	},
	"DeleteExpiredChallenges": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.DeleteExpiredChallenges(ctx, at(99), 9)
		return err
	},
	"AddMail":    func(tx *store.Tx, ctx context.Context) error { return tx.AddMail(ctx, mail("m2", at(1))) },
	"HasDueMail": func(tx *store.Tx, ctx context.Context) error { _, err := tx.HasDueMail(ctx, at(9)); return err },
	"LeaseMail": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.LeaseMail(ctx, at(9), at(10), 9)
		return err
	},
	"ReleaseMail": func(tx *store.Tx, ctx context.Context) error { return tx.ReleaseMail(ctx, at(9)) },
	"PostponeMail": func(tx *store.Tx, ctx context.Context) error {
		return tx.PostponeMail(ctx, "m1", 1, at(9), "down")
	},
	"GiveUpMail": func(tx *store.Tx, ctx context.Context) error { return tx.GiveUpMail(ctx, "m1", "refused") },
	"DeleteChallengesOfBrowser": func(tx *store.Tx, ctx context.Context) error {
		return tx.DeleteChallengesOfBrowser(ctx, []byte("b1"), "login")
	},
	"UserToUndo": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.UserToUndo(ctx, "ann@example.com", at(1))
		return notMissing(err)
	},
	"AddressesToUndo": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.AddressesToUndo(ctx, "ann", at(1))
		return err
	},
	"IsMailWaiting": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.IsMailWaiting(ctx, "ann@example.com", "deleted", at(1))
		return err
	},
	"DeleteMail":    func(tx *store.Tx, ctx context.Context) error { return tx.DeleteMail(ctx, "m1") },
	"DeleteAllMail": func(tx *store.Tx, ctx context.Context) error { return tx.DeleteAllMail(ctx) },
	"ExpiredMail":   func(tx *store.Tx, ctx context.Context) error { _, err := tx.ExpiredMail(ctx, at(99), 9); return err },
	"LatestMail":    func(tx *store.Tx, ctx context.Context) error { _, err := tx.LatestMail(ctx, at(9), 9); return err },
	"MailByID": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.MailByID(ctx, "m1")
		return notMissing(err)
	},
	"RedateSession": func(tx *store.Tx, ctx context.Context) error { return tx.RedateSession(ctx, "ann", "s1", at(0)) },
	"HasFlaskCookie": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.HasFlaskCookie(ctx, []byte("f1"))
		return err
	},
	"AddFlaskCookie": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.AddFlaskCookie(ctx, []byte("f1"), at(9))
		return err
	},
	"EndFlaskCookies": func(tx *store.Tx, ctx context.Context) error { return tx.EndFlaskCookies(ctx, "ann", at(9)) },
	"DeleteExpiredFlaskCookies": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.DeleteExpiredFlaskCookies(ctx, at(9), 9)
		return err
	},
	"MarkedAt": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.MarkedAt(ctx, store.FlaskFrom)
		return notMissing(err)
	},
	"LeftStorages": func(tx *store.Tx, ctx context.Context) error { _, err := tx.LeftStorages(ctx); return err },
	"ReplaceLeftStorages": func(tx *store.Tx, ctx context.Context) error {
		return tx.ReplaceLeftStorages(ctx, []store.LeftStorage{{From: "a", To: "b", At: at(9)}})
	},
	"SetMark":         func(tx *store.Tx, ctx context.Context) error { return tx.SetMark(ctx, store.FlaskFrom, at(9)) },
	"UsersAfter":      func(tx *store.Tx, ctx context.Context) error { _, err := tx.UsersAfter(ctx, "a", 9); return err },
	"SessionsOfUsers": func(tx *store.Tx, ctx context.Context) error { _, err := tx.SessionsOfUsers(ctx, "a", "b"); return err },
	"AuditOfUsers":    func(tx *store.Tx, ctx context.Context) error { _, err := tx.AuditOfUsers(ctx, "a", "b"); return err },
	"PicturesOfUsers": func(tx *store.Tx, ctx context.Context) error { _, err := tx.PicturesOfUsers(ctx, "a", "b"); return err },
	"OldPictureNamesOfUsers": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.OldPictureNamesOfUsers(ctx, "a", "b")
		return err
	},
	"ImportByKey": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.ImportByKey(ctx, []byte("key"))
		return notMissing(err)
	},
	"ImportByEmail": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.ImportByEmail(ctx, []byte("email"))
		return notMissing(err)
	},
	"CountImports": func(tx *store.Tx, ctx context.Context) error {
		_, _, err := tx.CountImports(ctx, []byte("source"), "run")
		return err
	},
	"RefuseImportedEmail": func(tx *store.Tx, ctx context.Context) error { return tx.RefuseImportedEmail(ctx, []byte("key")) },
	"RefuseImportedID":    func(tx *store.Tx, ctx context.Context) error { return tx.RefuseImportedID(ctx, []byte("key")) },
	"ForgetImported":      func(tx *store.Tx, ctx context.Context) error { return tx.ForgetImported(ctx, "ann") },
	"RestoreImport": func(tx *store.Tx, ctx context.Context) error {
		return tx.RestoreImport(ctx, store.Import{Key: []byte("key"), Source: []byte("s"), UserID: "ann"})
	},
	"RestoreFlaskCookie": func(tx *store.Tx, ctx context.Context) error {
		return tx.RestoreFlaskCookie(ctx, store.FlaskCookie{Hash: []byte("f1"), ExpiresAt: at(9)})
	},
	"FlaskCookiesAfter": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.FlaskCookiesAfter(ctx, []byte("f"), 9)
		return err
	},
	"ImportsOfUsers": func(tx *store.Tx, ctx context.Context) error { _, err := tx.ImportsOfUsers(ctx, "a", "b"); return err },
	"ImportsWithoutUser": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.ImportsWithoutUser(ctx, []byte("k"), 9)
		return err
	},
	"SetImport": func(tx *store.Tx, ctx context.Context) error {
		return tx.SetImport(ctx, store.Import{Key: []byte("key"), Source: []byte("s"), UserID: "ann", Run: "r"})
	},
	"ImportsMissed": func(tx *store.Tx, ctx context.Context) error {
		_, err := tx.ImportsMissed(ctx, []byte("s"), "r", nil, 9)
		return err
	},
	"DeleteImport": func(tx *store.Tx, ctx context.Context) error { return tx.DeleteImport(ctx, []byte("no key")) },
	"UpgradePasswordHash": func(tx *store.Tx, ctx context.Context) error {
		return notMissing(tx.UpgradePasswordHash(ctx, "ann", "x", "y"))
	},
	"KeepOldPictureName": func(tx *store.Tx, ctx context.Context) error {
		return tx.KeepOldPictureName(ctx, store.OldPictureName{UserID: "ann", Name: "older.png", UsedAt: at(1)})
	},
	"AddOldPictureName": func(tx *store.Tx, ctx context.Context) error { return tx.AddOldPictureName(ctx, "ann", "oldest.png") },
	"RestoreAudit": func(tx *store.Tx, ctx context.Context) error {
		return tx.RestoreAudit(ctx, store.Audit{ID: "a9", At: at(2), UserID: "ann"})
	},
	"FutureSessions": func(tx *store.Tx, ctx context.Context) error { _, err := tx.FutureSessions(ctx, at(0), 9); return err },
}

func notMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// exempt are the methods that may read whole tables, and why.
var exempt = map[string]string{
	"BeginReading":       "for copies: reads everything",
	"IsUnused":           "for copies: reads a row of each table",
	"RemoveAll":          "for copies that were cut off",
	"Counts":             "for metrics, once a minute at most, and for operators' commands: reads whole indexes, on a connection that reads",
	"CountImports":       "for the end of an import: reads the rows of one source",
	"CountFiles":         "for backups: sorts all keys",
	"Damages":            "for operators' commands, and for readiness after damage was met, once a minute at most",
	"Queue":              "for metrics, once a minute at most, and for operators' commands",
	"ImportsWithoutUser": "for exports: asks for the user of every row",
	"QuickCheck":         "in the background after a start, and once a day",
	"QuickDamages":       "for backups of servers",
	"Snapshot":           "for backups",
	"UsersWithSessions":  "for operators' commands: reads no more than they end",
}

// without are the methods of DB that hold no query of a table.
var without = []string{"Alone", "BeginPause", "Close", "InBatches", "IsPaused", "MarkFilling", "MoveState", "Moment", "NoticeOthers", "Ping", "ReadOnly",
	"Stamp", "Stats", "Tx", "UnmarkMove", "Unpaused"}

// No query reads a whole table, so none gets slow as tables grow.
func TestEveryQueryUsesAnIndex(t *testing.T) {
	for all, i := reflect.TypeFor[*store.DB](), 0; i < all.NumMethod(); i++ {
		name := all.Method(i).Name
		if queries[name] == nil && exempt[name] == "" && !slices.Contains(without, name) {
			t.Errorf("DB.%s is not tested here", name)
		}
	}
	all := reflect.TypeFor[*store.Tx]()
	for i := range all.NumMethod() {
		if name := all.Method(i).Name; queries[name] == nil {
			t.Errorf("%s is not tested here", name)
		}
	}
	withEachEngine(t, func(t *testing.T, e engine) {
		db := e.openedWithEverything(t, e.address(t))
		for name, query := range queries {
			t.Run(name, func(t *testing.T) {
				if err := e.faultOf(t, db, query); exempt[name] == "" && err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// faultOf runs a query in a transaction that is rolled back, and returns what is wrong with the
// plans of its statements.
func (e engine) faultOf(t *testing.T, db *store.DB, query func(*store.Tx, context.Context) error) error {
	t.Helper()
	explained := &explainer{fault: e.fault}
	undo := errors.New("leave everything as it was")
	wantError(t, db, undo, func(tx *store.Tx) error {
		explained.errs = nil // it may run again
		tx = store.Through(tx, func(q store.Querier) store.Querier { explained.Querier = q; return explained })
		if err := query(tx, t.Context()); err != nil {
			t.Error(err)
		}
		return undo
	})
	return errors.Join(explained.errs...)
}

// openedWithEverything opens an empty database, in which each of queries then finds something.
func (e engine) openedWithEverything(t *testing.T, address string) *store.DB {
	t.Helper()
	db := e.opened(t, address)
	withUsers(t, db, "ann")
	withSessions(t, db, session("s1", "ann", at(1), at(1)))
	withOrphans(t, db, 10, 30)
	write(t, db, func(tx *store.Tx) error { return tx.SetPicture(t.Context(), picture("ann", "key1")) })
	return db
}

// explainer looks at the plan of every statement before it is run.
type explainer struct {
	store.Querier
	fault func(ctx context.Context, q store.Querier, query string, args []any) (string, error)
	errs  []error
}

func (e *explainer) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	e.explain(ctx, query, args)
	return e.Querier.ExecContext(ctx, query, args...)
}

func (e *explainer) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	e.explain(ctx, query, args)
	return e.Querier.QueryContext(ctx, query, args...)
}

func (e *explainer) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	e.explain(ctx, query, args)
	return e.Querier.QueryRowContext(ctx, query, args...)
}

func (e *explainer) explain(ctx context.Context, query string, args []any) {
	if fault, err := e.fault(ctx, e.Querier, query, args); fault != "" || err != nil {
		e.errs = append(e.errs, fmt.Errorf("%s: plan:\n%s%w", query, fault, err))
	}
}

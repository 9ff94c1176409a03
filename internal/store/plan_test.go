package store

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// queries calls every method of Tx that holds SQL, by its name.
var queries = map[string]func(*Tx, context.Context) error{
	"UserByID": func(tx *Tx, ctx context.Context) error { _, err := tx.UserByID(ctx, "ann"); return err },
	"UserByEmailKey": func(tx *Tx, ctx context.Context) error {
		_, err := tx.UserByEmailKey(ctx, "ann@example.com")
		return err
	},
	"SessionByTokenHash": func(tx *Tx, ctx context.Context) error {
		_, err := tx.SessionByTokenHash(ctx, []byte("token of s1"))
		return err
	},
	"SessionsOfUser": func(tx *Tx, ctx context.Context) error { _, err := tx.SessionsOfUser(ctx, "ann", 9); return err },
	"UsersByEmailKey": func(tx *Tx, ctx context.Context) error {
		_, err := tx.UsersByEmailKey(ctx, "a", "b", 9)
		return err
	},
	"FileByKey": func(tx *Tx, ctx context.Context) error { _, err := tx.FileByKey(ctx, "key1"); return err },
	"PictureInSize": func(tx *Tx, ctx context.Context) error {
		_, whole := tx.PictureInSize(ctx, "ann", 0)
		_, crop := tx.PictureInSize(ctx, "ann", 64)
		return errors.Join(whole, crop)
	},
	"PicturesWithoutCrops": func(tx *Tx, ctx context.Context) error {
		_, err := tx.PicturesWithoutCrops(ctx, "a", 9)
		return err
	},
	"PicturesAfter": func(tx *Tx, ctx context.Context) error { _, err := tx.PicturesAfter(ctx, "a", 9); return err },
	"KnowsFile":     func(tx *Tx, ctx context.Context) error { _, err := tx.KnowsFile(ctx, "key1"); return err },
	"DeleteUser":    func(tx *Tx, ctx context.Context) error { return tx.DeleteUser(ctx, "ann") },

	"PictureOfUser": func(tx *Tx, ctx context.Context) error { _, err := tx.PictureOfUser(ctx, "ann"); return err },
	"DueOrphans":    func(tx *Tx, ctx context.Context) error { _, err := tx.DueOrphans(ctx, at(99), 9); return err },

	"CreateUser":          func(tx *Tx, ctx context.Context) error { return tx.CreateUser(ctx, person("bob")) },
	"SetName":             func(tx *Tx, ctx context.Context) error { return tx.SetName(ctx, "ann", "Ann") },
	"ReplacePasswordHash": func(tx *Tx, ctx context.Context) error { return tx.ReplacePasswordHash(ctx, "ann", "hash of ann", "h") },

	"CreateSession": func(tx *Tx, ctx context.Context) error {
		return tx.CreateSession(ctx, session("s2", "ann", at(1), at(1)))
	},
	"TouchSession": func(tx *Tx, ctx context.Context) error { return tx.TouchSession(ctx, "ann", "s1", at(9), at(8)) },
	"DeleteSessionByTokenHash": func(tx *Tx, ctx context.Context) error {
		_, err := tx.DeleteSessionByTokenHash(ctx, []byte("token of s1"))
		return err
	},
	"DeleteExpiredSession": func(tx *Tx, ctx context.Context) error {
		return tx.DeleteExpiredSession(ctx, []byte("token of s1"), at(99), at(99))
	},
	"DeleteSession": func(tx *Tx, ctx context.Context) error { return tx.DeleteSession(ctx, "ann", "s1") },
	"DeleteSessionsOfUser": func(tx *Tx, ctx context.Context) error {
		_, err := tx.DeleteSessionsOfUser(ctx, "ann", "s1")
		return err
	},
	"DeleteSessionsBeyond": func(tx *Tx, ctx context.Context) error {
		_, err := tx.DeleteSessionsBeyond(ctx, "ann", 0, 9)
		return err
	},
	"DeleteIdleSessions": func(tx *Tx, ctx context.Context) error { _, err := tx.DeleteIdleSessions(ctx, at(9), 9); return err },
	"DeleteOldSessions":  func(tx *Tx, ctx context.Context) error { _, err := tx.DeleteOldSessions(ctx, at(9), 9); return err },

	"TriesAfter": func(tx *Tx, ctx context.Context) error {
		_, err := tx.TriesAfter(ctx, []byte("ann"), at(1), 9)
		return err
	},
	"BringTriesBack": func(tx *Tx, ctx context.Context) error { return tx.BringTriesBack(ctx, []byte("ann"), at(1)) },
	"NthAuditOfUser": func(tx *Tx, ctx context.Context) error {
		_, err := tx.NthAuditOfUser(ctx, "ann", [4]string{"a", "b", "c", "d"}, at(1), at(9), 9)
		return notMissing(err)
	},
	"DeleteOldAuditOfNobody": func(tx *Tx, ctx context.Context) error {
		_, err := tx.DeleteOldAuditOfNobody(ctx, at(9), 9)
		return err
	},
	"AddAudit":       func(tx *Tx, ctx context.Context) error { return tx.AddAudit(ctx, Audit{ID: "a2", At: at(2)}) },
	"AuditOfUser":    func(tx *Tx, ctx context.Context) error { _, err := tx.AuditOfUser(ctx, "ann", 9); return err },
	"DeleteOldAudit": func(tx *Tx, ctx context.Context) error { _, err := tx.DeleteOldAudit(ctx, at(9), 9); return err },
	"AddTry":         func(tx *Tx, ctx context.Context) error { return tx.AddTry(ctx, Try{"t2", []byte("ann"), at(2)}) },
	"DeleteTry":      func(tx *Tx, ctx context.Context) error { return tx.DeleteTry(ctx, "t1") },
	"DeleteTries":    func(tx *Tx, ctx context.Context) error { return tx.DeleteTries(ctx, []byte("ann")) },
	"DeleteOldTries": func(tx *Tx, ctx context.Context) error { _, err := tx.DeleteOldTries(ctx, at(9), 9); return err },

	"SetPicture":    func(tx *Tx, ctx context.Context) error { return tx.SetPicture(ctx, picture("ann", "key2")) },
	"DeletePicture": func(tx *Tx, ctx context.Context) error { return tx.DeletePicture(ctx, "ann") },

	"AddOrphan":     func(tx *Tx, ctx context.Context) error { return tx.AddOrphan(ctx, "o3", at(3)) },
	"AdoptOrphan":   func(tx *Tx, ctx context.Context) error { return tx.AdoptOrphan(ctx, "o30", at(3)) },
	"ForgetOrphan":  func(tx *Tx, ctx context.Context) error { return tx.ForgetOrphan(ctx, "o30") },
	"ExpireOrphans": func(tx *Tx, ctx context.Context) error { _, err := tx.ExpireOrphans(ctx, at(3)); return err },
}

func notMissing(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// inserting are the queries that look nothing up, and so have no plan.
var inserting = map[string]bool{
	"CreateUser": true, "CreateSession": true, "AddOrphan": true, "AddTry": true, "AddAudit": true,
}

// exempt are the methods of DB that may read whole tables, and why.
var exempt = map[string]string{
	"Counts":     "for metrics, once a minute at most, and for operators' commands: reads whole indexes, on no connection that writes",
	"CountFiles": "for backups: sorts all keys",
	"Damages":    "for operators' commands, and for readiness once something was damaged, once a minute at most",
	"Snapshot":   "for backups",
}

// without are the methods of DB that hold no SQL but what is none of a table's.
var without = []string{"Close", "Moment", "NoticeOthers", "Ping", "ReadOnly", "Stamp", "Stats", "Tx"}

// No query reads a whole table, so that none grows slow as tables grow.
func TestEveryQueryUsesAnIndex(t *testing.T) {
	for all, i := reflect.TypeFor[*DB](), 0; i < all.NumMethod(); i++ {
		name := all.Method(i).Name
		if queries[name] == nil && exempt[name] == "" && !slices.Contains(without, name) {
			t.Errorf("DB.%s is not tested here", name)
		}
	}
	all := reflect.TypeFor[*Tx]()
	for i := range all.NumMethod() {
		if name := all.Method(i).Name; queries[name] == nil {
			t.Errorf("%s is not tested here", name)
		}
	}
	db := withEverything(t)
	undo := errors.New("leave all as it was")
	for name, query := range queries {
		t.Run(name, func(t *testing.T) {
			wantError(t, db, undo, func(tx *Tx) error {
				explained := &explainer{querier: tx.q}
				if err := query(&Tx{reads: reads{q: explained}}, t.Context()); err != nil {
					t.Error(err)
				}
				plan := strings.Join(explained.plan, "\n")
				if explained.err != nil || strings.Contains(plan, "SCAN") || strings.Contains(plan, "SEARCH") == inserting[name] {
					t.Errorf("%v, plan:\n%s", explained.err, plan)
				}
				return undo
			})
		})
	}
}

// withEverything opens a database in which every one of queries finds something.
func withEverything(t *testing.T) *DB {
	t.Helper()
	db := openFile(t, filepath.Join(t.TempDir(), "cardea.db"))
	withPeople(t, db, "ann")
	withSessions(t, db, session("s1", "ann", at(1), at(1)))
	withOrphans(t, db, 10, 30)
	write(t, db, func(tx *Tx) error { return tx.SetPicture(t.Context(), picture("ann", "key1")) })
	return db
}

// explainer notes the plan of every statement before it is run.
type explainer struct {
	querier
	plan []string
	err  error
}

func (e *explainer) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	e.explain(ctx, query, args)
	return e.querier.ExecContext(ctx, query, args...)
}

func (e *explainer) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	e.explain(ctx, query, args)
	return e.querier.QueryContext(ctx, query, args...)
}

func (e *explainer) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	e.explain(ctx, query, args)
	return e.querier.QueryRowContext(ctx, query, args...)
}

func (e *explainer) explain(ctx context.Context, query string, args []any) {
	rows, err := e.querier.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		e.err = err
		return
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if e.err = rows.Scan(&id, &parent, &unused, &step); e.err != nil {
			return
		}
		e.plan = append(e.plan, step)
	}
	e.err = rows.Err()
}

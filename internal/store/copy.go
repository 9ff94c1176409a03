package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Copier is the part of an [Engine] that copies all rows.
type Copier interface {
	// BeginReading begins a transaction that sees the database at one moment, cannot write,
	// and may take as long as it needs. Writers do not wait for it.
	BeginReading(ctx context.Context) (*sql.Tx, error)
	// CopyIn adds rows to an empty table. next returns one row after the other, and at the end
	// [io.EOF]. After an error, some of the rows may be there.
	CopyIn(ctx context.Context, table string, columns []string, next func() ([]any, error)) error
	// Storable returns a text as the database can keep it.
	Storable(text string) string
	// Empty removes all rows of some tables, which are listed with parents first.
	Empty(ctx context.Context, tables []string) error
}

// Reading sees the whole database at one moment, until it is closed.
type Reading struct {
	reads
	tx *sql.Tx
}

// BeginReading begins a [Reading]. Writers do not wait for it.
func (db *DB) BeginReading(ctx context.Context) (*Reading, error) {
	tx, err := db.engine.BeginReading(ctx)
	if err != nil {
		return nil, db.classify(err)
	}
	return &Reading{reads{tx, db.engine, &db.health}, tx}, nil
}

// Close ends the reading.
func (r *Reading) Close() error {
	if err := r.tx.Rollback(); !errors.Is(err, sql.ErrTxDone) {
		return r.classify(err)
	}
	return nil
}

// Copied says what [Reading.CopyTo] has copied.
type Copied struct {
	Digests []Digest
	// Replaced counts texts with bytes that the other database cannot keep. Each NUL in them became
	// U+FFFD, and so did each run of invalid UTF-8.
	Replaced int64
}

// Rows is the number of rows of all tables.
func (c Copied) Rows() (n int64) {
	for _, d := range c.Digests {
		n += d.Rows
	}
	return n
}

// CopyTo copies all rows to another database, whose tables must be empty. After each thousand
// rows and at the end it calls progress with the number of rows so far. After an error, some of
// the rows may be there.
func (r *Reading) CopyTo(ctx context.Context, to *DB, progress func(rows int64)) (c Copied, err error) {
	for _, t := range tables {
		digest := newDigester()
		err := r.eachRow(ctx, t, func(next func() ([]any, error)) error {
			return to.engine.CopyIn(ctx, t.name, t.columns, func() ([]any, error) {
				row, err := next()
				if err != nil {
					return nil, err
				}
				c.Replaced += makeStorable(row, to.engine)
				if (c.Rows()+digest.rows)%1000 == 0 {
					progress(c.Rows() + digest.rows)
				}
				return row, digest.add(row)
			})
		})
		if err != nil {
			return c, fmt.Errorf("copy the table %s: %w", t.name, classify(to.engine, err))
		}
		c.Digests = append(c.Digests, digest.digest(t.name))
	}
	progress(c.Rows())
	return c, nil
}

// makeStorable changes the texts of a row to what an engine can keep, and counts those.
func makeStorable(row []any, engine Engine) (n int64) {
	for i, value := range row {
		text, ok := value.(string)
		if !ok {
			continue
		}
		if kept := engine.Storable(text); kept != text {
			row[i], n = kept, n+1
		}
	}
	return n
}

// Digests sums up all tables.
func (r *Reading) Digests(ctx context.Context, progress func(rows int64)) (list []Digest, err error) {
	var before int64
	for _, t := range tables {
		digest := newDigester()
		err := r.eachRow(ctx, t, func(next func() ([]any, error)) error {
			for {
				row, err := next()
				if errors.Is(err, io.EOF) {
					return nil
				}
				if err == nil {
					err = digest.add(row)
				}
				if err != nil {
					return err
				}
				if digest.rows%1000 == 0 {
					progress(before + digest.rows)
				}
			}
		})
		if err != nil {
			return nil, fmt.Errorf("read the table %s: %w", t.name, r.classify(err))
		}
		before += digest.rows
		list = append(list, digest.digest(t.name))
	}
	return list, nil
}

// eachRow calls f with a function that reads the rows of a table one after the other. A row is
// valid until the next one is read.
func (r *Reading) eachRow(ctx context.Context, t table, f func(next func() ([]any, error)) error) error {
	rows, err := r.q.QueryContext(ctx, t.query()) //nolint:sqlclosecheck // closed when f returns
	if err != nil {
		return r.classify(err)
	}
	defer rows.Close()
	row, targets := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i := range row {
		targets[i] = &row[i]
	}
	return f(func() ([]any, error) {
		if !rows.Next() {
			if err := rows.Err(); err != nil {
				return nil, r.classify(err)
			}
			return nil, io.EOF
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, r.classify(err)
		}
		for i, value := range row {
			if bytes, ok := value.([]byte); ok && bytes == nil { // empty, not NULL
				row[i] = []byte{}
			}
		}
		return row, nil
	})
}

// Differing returns the name of the first table in which two databases differ; empty if they are
// the same.
func Differing(a, b []Digest) string {
	for i, d := range a {
		if i >= len(b) || d != b[i] {
			return d.Table
		}
	}
	return ""
}

// IsUnused reports whether no table has a row, marks of moves aside.
func (db *DB) IsUnused(ctx context.Context) (bool, error) {
	for _, t := range tables {
		where := ""
		if t.where != "" {
			where = " WHERE " + t.where
		}
		found, err := db.exists(ctx, "SELECT 1 FROM "+t.name+where+" LIMIT 1")
		if found || err != nil {
			return false, err
		}
	}
	return true, nil
}

// RemoveAll removes all rows but the marks of moves. After an error, some may be left.
func (db *DB) RemoveAll(ctx context.Context) error {
	var names []string
	for _, t := range tables {
		if t.where == "" {
			names = append(names, t.name)
		}
	}
	if err := db.engine.Empty(ctx, names); err != nil {
		return db.classify(err)
	}
	return db.Tx(ctx, func(tx *Tx) error {
		for _, t := range slices.Backward(tables) {
			if t.where == "" {
				continue
			}
			if _, err := tx.exec(ctx, "DELETE FROM "+t.name+" WHERE "+t.where); err != nil {
				return err
			}
		}
		return nil
	})
}

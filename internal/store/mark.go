package store

import (
	"context"
	"time"
)

// Mark names a moment that concerns the whole server.
type Mark string

// The marks.
const (
	FlaskSince Mark = "flask_since" // the first start with keys of a Flask app
	FlaskFrom  Mark = "flask_from"  // only Flask cookies that were issued later are taken
)

// moveMarks begins the names of marks that concern the database itself, see [DB.MarkFilling].
// They are not copied to another one.
const moveMarks = "move:"

// MarkedAt returns the moment of a mark, or [ErrNotFound].
func (r reads) MarkedAt(ctx context.Context, mark Mark) (at time.Time, err error) {
	err = r.q.QueryRowContext(ctx, `SELECT at FROM marks WHERE name = $1`, string(mark)).Scan(instant{&at})
	return at, r.classify(err)
}

// SetMark sets the moment of a mark.
func (tx *Tx) SetMark(ctx context.Context, mark Mark, at time.Time) error {
	_, err := tx.exec(ctx, `INSERT INTO marks (name, at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET at = excluded.at`,
		string(mark), micros(at))
	return err
}

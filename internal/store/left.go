package store

import (
	"context"
	"strings"
	"time"
)

// LeftStorage is a picture storage from which the pictures were moved to another one. It is kept as
// a mark.
type LeftStorage struct {
	From, To string // as the setting storage names them
	Run      string // of the move, see package storage
	At       time.Time
}

// Marks of left storages. The rest of their names are the two storages and the run, with newlines
// between them.
const (
	leftMarks      = "moved pictures "
	afterLeftMarks = "moved pictures!" // the first name after all of them
)

func (l LeftStorage) mark() Mark { return Mark(leftMarks + l.From + "\n" + l.To + "\n" + l.Run) }

// LeftStorages lists the storages that the pictures have left.
func (r reads) LeftStorages(ctx context.Context) (list []LeftStorage, err error) {
	rows, err := r.q.QueryContext(ctx, `SELECT name, at FROM marks WHERE name >= $1 AND name < $2 ORDER BY name`, leftMarks, afterLeftMarks)
	if err != nil {
		return nil, r.classify(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var left LeftStorage
		if err := rows.Scan(&name, instant{&left.At}); err != nil {
			return nil, r.classify(err)
		}
		left.From, left.To, _ = strings.Cut(strings.TrimPrefix(name, leftMarks), "\n")
		left.To, left.Run, _ = strings.Cut(left.To, "\n")
		list = append(list, left)
	}
	return list, r.classify(rows.Err())
}

// ReplaceLeftStorages replaces the whole list of left storages.
func (tx *Tx) ReplaceLeftStorages(ctx context.Context, list []LeftStorage) error {
	if _, err := tx.exec(ctx, `DELETE FROM marks WHERE name >= $1 AND name < $2`, leftMarks, afterLeftMarks); err != nil {
		return err
	}
	for _, left := range list {
		if err := tx.SetMark(ctx, left.mark(), left.At); err != nil {
			return err
		}
	}
	return nil
}

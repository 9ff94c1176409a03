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
func (r reads) LeftStorages(ctx context.Context) ([]LeftStorage, error) {
	list, err := readAll(ctx, r, func(l *LeftStorage) []any { return []any{&l.From, instant{&l.At}} },
		`SELECT name, at FROM marks WHERE name >= $1 AND name < $2 ORDER BY name`, leftMarks, afterLeftMarks)
	for i, l := range list {
		list[i].From, list[i].To, _ = strings.Cut(strings.TrimPrefix(l.From, leftMarks), "\n")
		list[i].To, list[i].Run, _ = strings.Cut(list[i].To, "\n")
	}
	return list, err
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

package storage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// ErrLeft means that the pictures of a database were moved from a storage to another one.
var ErrLeft = errors.New("the pictures were moved from this storage")

// IsSame reports whether two settings name the same storage.
func IsSame(a, b string) bool {
	if IsBucket(a) || IsBucket(b) {
		return a == b || IsSameBucketPrefix(a, b)
	}
	if absolute(a) == absolute(b) {
		return true
	}
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

func absolute(place string) string {
	if path, err := filepath.Abs(place); err == nil && !IsBucket(place) {
		return path
	}
	return place
}

// Leave records in a database that its pictures were moved from one storage to another. From then on,
// [Open] refuses the old one.
func Leave(ctx context.Context, db *store.DB, from string, to *Filling, now time.Time) error {
	return db.Tx(ctx, func(tx *store.Tx) error {
		list, err := tx.LeftStorages(ctx)
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(l store.LeftStorage) bool { return IsSame(l.From, from) || IsSame(l.From, to.place) })
		return tx.ReplaceLeftStorages(ctx, append(list, store.LeftStorage{From: absolute(from), To: absolute(to.place), Run: to.run, At: now}))
	})
}

// Resume opens the storage to which the pictures of a database were moved, as [Leave] has recorded, so
// [Filling.Finish] can complete that. It returns nil if the move is complete, or if there is no record.
// to is the expected storage; empty: any. source names the database, see [Fill]. Errors: [ErrLeft] if
// the pictures were moved to another storage; [ErrTaken].
func Resume(ctx context.Context, db *store.DB, from, to, source string) (*Filling, error) {
	list, err := db.LeftStorages(ctx)
	at := slices.IndexFunc(list, func(l store.LeftStorage) bool { return IsSame(l.From, from) })
	if err != nil || at < 0 {
		return nil, err
	}
	left := list[at]
	if to != "" && !IsSame(left.To, to) {
		return nil, fmt.Errorf("storage: %w to %s", ErrLeft, Name(left.To))
	}
	files, err := Unopened(left.To)
	if err != nil {
		return nil, err
	}
	f := &Filling{Store: files, place: left.To, from: source, run: left.Run}
	mark, err := readText(ctx, files, markKey)
	if err == nil && mark == "" { // the process was killed between the two removals of Finish, or later
		return nil, storageError(f.removeRun(ctx))
	}
	return f, storageError(err)
}

// Unleave removes the record of [Leave], so a database can use the old storage again. It returns where
// the pictures were moved to; empty: there was no record.
func Unleave(ctx context.Context, db *store.DB, place string) (movedTo string, err error) {
	err = db.Tx(ctx, func(tx *store.Tx) error {
		list, err := tx.LeftStorages(ctx)
		kept := slices.DeleteFunc(slices.Clone(list), func(l store.LeftStorage) bool {
			if IsSame(l.From, place) {
				movedTo = l.To
				return true
			}
			return false
		})
		if err != nil || len(kept) == len(list) {
			return err
		}
		return tx.ReplaceLeftStorages(ctx, kept)
	})
	return movedTo, err
}

// refuseLeft fails with [ErrLeft] if the pictures of a database were moved from a storage.
func refuseLeft(ctx context.Context, db *store.DB, place string) error {
	list, err := db.LeftStorages(ctx)
	if err != nil {
		return nil //nolint:nilerr // a damaged database is reported elsewhere
	}
	for _, left := range list {
		if IsSame(left.From, place) {
			return fmt.Errorf("storage: %w: %s was left on %s and is out of date; the pictures are in %s, which the setting storage must name. "+
				"To use the old storage anyway, run cardea move --undo with the old settings", ErrLeft, Name(place), left.At.UTC().Format("2006-01-02 15:04:05Z"), left.To)
		}
	}
	return nil
}

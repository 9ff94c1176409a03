package store

import (
	"fmt"
	"path/filepath"
	"testing"
)

// What a request costs whose session is not in memory.
func BenchmarkSessionByTokenHash(b *testing.B) {
	db := openFile(b, filepath.Join(b.TempDir(), "cardea.db"))
	const people = 1000
	write(b, db, func(tx *Tx) error {
		for i := range people {
			id := fmt.Sprintf("p%d", i)
			if err := tx.CreateUser(b.Context(), person(id)); err != nil {
				return err
			}
			if err := tx.CreateSession(b.Context(), session("s"+id, id, at(1), at(1))); err != nil {
				return err
			}
		}
		return nil
	})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := db.SessionByTokenHash(b.Context(), fmt.Appendf(nil, "token of sp%d", i%people)); err != nil {
			b.Fatal(err)
		}
	}
}

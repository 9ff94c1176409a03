package store_test

import (
	"fmt"
	"testing"

	"github.com/cardea-accounts/cardea/internal/store"
)

// BenchmarkSessionByTokenHash measures a request whose session is not in memory.
func BenchmarkSessionByTokenHash(b *testing.B) {
	db := sqliteEngine.opened(b, sqliteEngine.address(b))
	const users = 1000
	write(b, db, func(tx *store.Tx) error {
		for i := range users {
			id := fmt.Sprintf("p%d", i)
			if err := tx.CreateUser(b.Context(), newUser(id)); err != nil {
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
		if _, err := db.SessionByTokenHash(b.Context(), fmt.Appendf(nil, "token of sp%d", i%users)); err != nil {
			b.Fatal(err)
		}
	}
}

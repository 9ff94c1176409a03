package store_test

import (
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// A user who was just created has the same time as the user read back later.
func TestStoredTimesAreReadBack(t *testing.T) {
	here := time.FixedZone("here", 3600)
	at := time.Date(2026, 11, 22, 16, 4, 5, 123_456_789, here)
	if got, want := store.Stored(at), time.Date(2026, 11, 22, 15, 4, 5, 123_456_000, time.UTC); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

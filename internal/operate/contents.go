package operate

import (
	"time"

	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/store"
)

// Contents says what a backup or a data folder holds.
type Contents struct {
	Release   string    // that made the backup; empty for a data folder
	CreatedAt time.Time // of the backup
	Users     int64
	Sessions  int64
	Pictures  int64
	Skipped   int64            // damaged pictures that were left out, whole or their crops
	Replaced  int64            // texts with bytes that the database cannot keep, see store.Copied
	Secret    datadir.KeyState // a damaged one was left out of the backup, or of the restored folder

	// Differences say how the schema of a server that was backed up differs from Cardea's, one
	// sentence each. The backup has all rows, in tables as Cardea creates them.
	Differences []string

	files int64 // of the pictures and their crops
}

func (c *Contents) set(n store.Counts) {
	c.Users, c.Sessions, c.Pictures = n.Users, n.Sessions, n.Pictures
}

// Progress reports how far a task has come: done of total (0: unknown). It is called
// often. It may be nil.
type Progress func(what string, done, total int64)

func (p Progress) report(what string, done, total int64) {
	if p != nil {
		p(what, done, total)
	}
}

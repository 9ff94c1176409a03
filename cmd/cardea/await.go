package main

import (
	"context"
	"time"

	"github.com/cardea-accounts/cardea/internal/database"
)

// databasePatience is how long a server waits at its start for PostgreSQL, which may be starting, too.
// Recovery after a crash can take longer. Then a supervisor starts the server again.
const databasePatience = 30 * time.Second

// awaitDatabase waits for the database if it is on a server that may be ready soon. It changes nothing
// and opens no port. It returns early if ctx ends, and after any error, because opening the database
// will fail with the same error.
func awaitDatabase(ctx context.Context, o options) {
	place, err := database.At(o.Data, o.Database, o.DatabasePasswordFile, o.Storage)
	if err != nil {
		return
	}
	began, hasWaited := time.Now(), false
	err = place.Await(ctx, databasePatience, func(reason error) {
		hasWaited = true
		o.Log.WarnContext(ctx, "waiting for PostgreSQL", "at_most", databasePatience.String(), "reason", reason)
	})
	if err == nil && hasWaited {
		o.Log.InfoContext(ctx, "the wait for PostgreSQL is over", "seconds", time.Since(began).Round(time.Millisecond).Seconds())
	}
}

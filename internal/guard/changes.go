package guard

import (
	"context"
	"errors"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// changesAnHour is how many of the changes below one user may make in an hour. That is
// more than one a second, which no user needs. It bounds what one session can cost: 5,000
// pictures to decode and about a megabyte of events (ASVS 2.4.1).
const changesAnHour = 5000

// changes are the events that count. Events that take a password are left out: the cost
// of its hash throttles them.
var changes = []string{
	string(EventRenamed), string(EventSessionsEnded), string(EventPictureChanged), string(EventPictureRemoved),
}

// AdmitChange fails if a user has made too many changes. It counts rows of the audit
// table. Rows dated in the future do not count, so a clock that was set back locks
// nobody out. Error: too_many_changes, with the time to wait.
func (l *Limits) AdmitChange(ctx context.Context, userID string) error {
	if !l.on {
		return nil
	}
	now := l.now()
	first, err := l.db.NthAuditOfUser(ctx, userID, changes, now.Add(-time.Hour), now, changesAnHour)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return PublicError(err)
	}
	return &Error{Kind: KindThrottled, Code: "too_many_changes", RetryAfter: min(longestWait, first.Add(time.Hour).Sub(now)),
		Message: "You have made too many changes in the last hour. This one was not made. Wait a while, then try again."}
}

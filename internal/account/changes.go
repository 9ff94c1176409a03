package account

import (
	"context"
	"errors"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// changesAnHour is how many changes of those below one person may make in an hour.
// It is more than one a second, which no person needs and a program seldom, and bounds
// what somebody with a session can do: 5,000 pictures to decode, and about a megabyte
// of events (ASVS 2.4.1).
const changesAnHour = 5000

// changes are the events that count against changesAnHour. Those with a password are
// throttled by the cost of its hash.
var changes = []string{
	string(EventRenamed), string(EventSessionsEnded), string(EventPictureChanged), string(EventPictureRemoved),
}

// admitChange fails with too_many_changes and the time to wait if a person has made
// too many changes. It asks the audit table, so that there is nothing else to keep.
// What is dated in the future, since the clock was set back, does not count, so that
// nobody is locked out until it has caught up.
func (s *Service) admitChange(ctx context.Context, userID string) error {
	if !s.opt.RateLimit {
		return nil
	}
	now := s.opt.Now()
	first, err := s.db.NthAuditOfUser(ctx, userID, changes, now.Add(-time.Hour), now, changesAnHour)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return outage(err)
	}
	return &Error{Kind: KindThrottled, Code: "too_many_changes", RetryAfter: min(longestBlock, first.Add(time.Hour).Sub(now)),
		Message: "You have made too many changes in the last hour. This one was not made; please wait a while, then try again."}
}

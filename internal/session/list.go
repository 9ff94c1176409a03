package session

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/token"
)

// Info is a session as its owner sees it in the list.
type Info struct {
	ID         string
	CreatedAt  time.Time
	LastSeenAt time.Time // to the hour, see [Service.Find]
	ExpiresAt  time.Time // if it is not used again
	IP         string
	UserAgent  string
	Current    bool
}

// errAfter is the error for a cursor that no page has named.
var errAfter = &guard.Error{Kind: guard.KindInvalid, Code: "malformed_request",
	Message: "The parameter after must be the next of the page before."}

// List returns all live sessions of a user, the most recently used first. currentID names
// the session of the caller; it may be empty.
func (s *Service) List(ctx context.Context, userID, currentID string) (all []Info, err error) {
	for after := ""; ; {
		page, next, err := s.Page(ctx, userID, currentID, after)
		if all = append(all, page...); err != nil || next == "" {
			return all, err
		}
		after = next
	}
}

// Page is List for at most 50 sessions. It starts after the page that named the cursor
// after, or with the first session. next names the page that follows; it is empty if there
// is none. Error: malformed_request.
func (s *Service) Page(ctx context.Context, userID, currentID, after string) (page []Info, next string, err error) {
	seen, id, err := parseCursor(after)
	if err != nil {
		return nil, "", err
	}
	rows, err := s.db.SessionsOfUser(ctx, userID, seen, id, pageSize+1)
	if err != nil {
		return nil, "", guard.PublicError(err)
	}
	if len(rows) > pageSize {
		rows = rows[:pageSize]
		next = cursor(rows[pageSize-1])
	}
	for i, row := range rows {
		rows[i] = s.uses.latest(row)
	}
	slices.SortStableFunc(rows, func(a, b store.Session) int { return b.LastSeenAt.Compare(a.LastSeenAt) })
	now := s.opt.Now()
	page = make([]Info, 0, len(rows))
	for _, row := range rows {
		if s.isExpired(row, now) {
			continue
		}
		page = append(page, s.info(row, currentID))
	}
	return page, next, nil
}

func (s *Service) info(row store.Session, currentID string) Info {
	return Info{
		ID: row.ID, CreatedAt: row.CreatedAt, LastSeenAt: row.LastSeenAt, ExpiresAt: s.expiry(row),
		IP: row.IP, UserAgent: row.UserAgent, Current: row.ID == currentID,
	}
}

// Own returns a session as its owner sees it in the list. Error: not_logged_in, if it has
// ended meanwhile.
func (s *Service) Own(ctx context.Context, in *Session) (Info, error) {
	row, err := s.db.SessionOfUser(ctx, in.User.ID, in.ID)
	if err != nil {
		return Info{}, guard.PublicError(guard.IfNotFound(err, guard.ErrNotLoggedIn))
	}
	return s.info(s.uses.latest(row), in.ID), nil
}

// cursor names the place after a row: {microseconds of last-seen}-{id}.
func cursor(row store.Session) string {
	return strconv.FormatInt(row.LastSeenAt.UnixMicro(), 10) + "-" + row.ID
}

// parseCursor returns the place that a cursor names, and zero values if it is empty.
func parseCursor(after string) (seen time.Time, id string, err error) {
	if after == "" {
		return time.Time{}, "", nil
	}
	number, id, _ := strings.Cut(after, "-")
	micros, err := strconv.ParseInt(number, 10, 64)
	if err != nil || !token.IsID(id) {
		return time.Time{}, "", errAfter
	}
	return time.UnixMicro(micros), id, nil
}

package outbox

import (
	"context"
	"time"

	"github.com/cardea-accounts/cardea/internal/mail"
	"github.com/cardea-accounts/cardea/internal/store"
)

// Entry is a message of the outbox as operators see it.
type Entry struct {
	Letter
	Kind     string // also if the letter cannot be read
	Attempts int
	Error    string // of the last attempt
	SendAt   time.Time
	GaveUp   bool  // it will not be sent; its content is gone
	Err      error // why the letter cannot be read; nil if it can
}

// farFuture is after the creation of every message, whatever clocks did.
var farFuture = time.UnixMicro(1 << 60)

// Latest lists the messages of the outbox, the newest first, at most limit.
func (o *Outbox) Latest(ctx context.Context, limit int) ([]Entry, error) {
	rows, err := o.db.LatestMail(ctx, farFuture, limit)
	entries := make([]Entry, len(rows))
	for i, row := range rows {
		entries[i] = o.entry(row)
	}
	return entries, err
}

// Find returns one message. Error: [store.ErrNotFound].
func (o *Outbox) Find(ctx context.Context, id string) (Entry, error) {
	row, err := o.db.MailByID(ctx, id)
	if err != nil {
		return Entry{}, err
	}
	return o.entry(row), nil
}

func (o *Outbox) entry(row store.Mail) Entry {
	e := Entry{
		Letter: Letter{ID: row.ID, UserID: row.UserID, Message: mail.Message{To: row.Recipient, Kind: mail.Kind(row.Kind)}, CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt},
		Kind:   row.Kind, Attempts: row.Attempts, Error: row.Error, SendAt: row.SendAt, GaveUp: row.GaveUp,
	}
	if !row.GaveUp {
		if l, err := o.open(row); err == nil {
			e.Letter = l
		} else {
			e.Err = err
		}
	}
	return e
}

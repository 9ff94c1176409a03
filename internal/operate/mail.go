package operate

import (
	"context"
	"errors"
	"fmt"

	"github.com/cardea-accounts/cardea/internal/outbox"
	"github.com/cardea-accounts/cardea/internal/store"
)

// ErrNoMail means that no message in the outbox has the id.
var ErrNoMail = errors.New("there is no such message in the outbox; it may have been sent. See cardea mail list")

// Mails lists the messages in the outbox, the newest first, at most limit.
func (d *Data) Mails(ctx context.Context, limit int) ([]outbox.Entry, error) {
	entries, err := d.outbox.Latest(ctx, limit)
	return entries, inWords(err)
}

// Mail returns a message in the outbox. Error: [ErrNoMail].
func (d *Data) Mail(ctx context.Context, id string) (outbox.Entry, error) {
	entry, err := d.outbox.Find(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return entry, fmt.Errorf("%q: %w", id, ErrNoMail)
	}
	return entry, inWords(err)
}

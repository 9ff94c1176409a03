package outbox

import (
	"context"

	"github.com/cardea-accounts/cardea/internal/mail"
)

// Mailbox shows the messages of an outbox as their readers see them, for development.
type Mailbox struct {
	outbox   *Outbox
	composer *mail.Composer
}

// NewMailbox returns a mailbox. It is empty unless the outbox keeps what was sent.
func NewMailbox(o *Outbox, c *mail.Composer) Mailbox { return Mailbox{o, c} }

// Post is a message in a mailbox.
type Post struct {
	Letter
	mail.Mail
}

// mostMail is how many messages the mailbox shows.
const mostMail = 200

// Latest lists the messages, the newest first, at most 200. If wanted is not nil, it chooses
// by the recipient's address.
func (m Mailbox) Latest(ctx context.Context, wanted func(to string) bool) ([]Post, error) {
	entries, err := m.outbox.Latest(ctx, mostMail)
	if err != nil {
		return nil, err
	}
	posts := []Post{}
	for _, e := range entries {
		if !e.isReadable() || wanted != nil && !wanted(e.Message.To) {
			continue
		}
		composed, err := m.composer.Compose(e.Message)
		if err != nil {
			return nil, err
		}
		posts = append(posts, Post{e.Letter, composed})
	}
	return posts, nil
}

// Find returns one message. found is false if there is none.
func (m Mailbox) Find(ctx context.Context, id string) (post Post, found bool, err error) {
	posts, err := m.Latest(ctx, nil)
	for _, p := range posts {
		if p.ID == id {
			return p, true, err
		}
	}
	return Post{}, false, err
}

// isReadable reports whether the letter is there, and meant for a reader.
func (e Entry) isReadable() bool {
	return e.Err == nil && !e.GaveUp && e.Kind != string(Decoy)
}

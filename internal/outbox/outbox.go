// Package outbox has the messages that leave the server. A message is a row that is written
// in the transaction that causes it, so neither exists without the other. A background job
// sends it: nothing in a request waits for a mail server.
//
// A message is sent at least once. If the server dies between sending it and removing its
// row, it is sent again with the same Message-ID, by which mailboxes recognise it.
//
// Rows are encrypted, because they hold links and codes that nothing else keeps.
package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/mail"
	"github.com/cardea-accounts/cardea/internal/secret"
	"github.com/cardea-accounts/cardea/internal/smtp"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/token"
)

// Letter is a message that is not sent yet.
type Letter struct {
	ID        string // of the row; the Message-ID is made of it
	UserID    string // whose it is: it goes with the user; empty: nobody's
	Message   mail.Message
	CreatedAt time.Time
	// ExpiresAt is when it is no longer of use, such as when its link has expired.
	ExpiresAt time.Time
}

// Decoy is the kind of a message that is never sent. It costs as much as any other, for
// answers that must not tell whether an address is known.
const Decoy mail.Kind = "decoy"

// sealed is what a row keeps encrypted. The JSON of a message leaves out the secrets.
type sealed struct {
	mail.Message
	Link, Code string
}

// Options are the settings of an [Outbox].
type Options struct {
	Keys     secret.Sub // encrypt the rows
	Composer *mail.Composer
	// Senders send, each over a connection of its own. Without any, messages stay until they
	// expire.
	Senders []*smtp.Sender
	// KeepSent keeps messages that were sent, for the development mailbox.
	KeepSent bool
	Now      func() time.Time
	Log      *slog.Logger
}

// Outbox owns the messages. Its methods may be called from any goroutine.
type Outbox struct {
	opt     Options
	db      *store.DB
	audit   *guard.Audit
	server  server
	figures figures
}

// New returns an outbox.
func New(db *store.DB, audit *guard.Audit, opt Options) *Outbox {
	return &Outbox{opt: opt, db: db, audit: audit}
}

// Add puts a message into the outbox, to be sent at once, or at a later time that is not zero.
func (o *Outbox) Add(ctx context.Context, tx *store.Tx, l Letter, later time.Time) error {
	now := store.Stored(o.opt.Now())
	content, err := json.Marshal(sealed{l.Message, l.Message.Link, l.Message.Code})
	if err != nil {
		return err
	}
	id := token.ID()
	return tx.AddMail(ctx, store.Mail{
		ID: id, UserID: l.UserID, Recipient: l.Message.To, Kind: string(l.Message.Kind), Sealed: o.opt.Keys.Seal(content, []byte(id)),
		CreatedAt: now, SendAt: latest(now, later), ExpiresAt: l.ExpiresAt,
	})
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// ForgetInterrupted makes the messages due again that a server which died was sending. Call
// it at the start: a data folder has one server, so nobody else is sending them.
func (o *Outbox) ForgetInterrupted(ctx context.Context) error {
	return o.db.Tx(ctx, func(tx *store.Tx) error { return tx.ReleaseMail(ctx, o.opt.Now()) })
}

// Close ends the connections to the mail server.
func (o *Outbox) Close() error {
	for _, sender := range o.opt.Senders {
		sender.Close()
	}
	return nil
}

// open decrypts a row.
func (o *Outbox) open(row store.Mail) (Letter, error) {
	l := Letter{ID: row.ID, UserID: row.UserID, CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt}
	var content sealed
	plain, err := o.opt.Keys.Open(row.Sealed, []byte(row.ID))
	if err == nil {
		err = json.Unmarshal(plain, &content)
	}
	if err != nil {
		return Letter{}, fmt.Errorf("message %s: %w", row.ID, err)
	}
	l.Message = content.Message
	l.Message.Link, l.Message.Code = content.Link, content.Code
	return l, nil
}

package guard

import (
	"context"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/token"
)

// A message that a limit withholds is an event at most once a minute for each limit.
var errTooMuchMail = &Error{Kind: KindThrottled, Code: "too_many_messages",
	Message: "Too many messages were sent to this address. Wait a while, then try again."}

// Message is what the limits on mail count.
type Message struct {
	RecipientKey string // the address in the form that is compared
	IsAsked      bool   // somebody asked for it, so it counts for their network too
	// SparesReset is for what strangers can ask for. The last message of the hour is not for
	// them, so they cannot keep a user from a new password.
	SparesReset bool
	// IsDecoy messages go to nobody. They have limits of their own: else strangers could use up
	// the mail of others without sending any.
	IsDecoy bool
}

// name tells messages from decoys.
func (m Message) name(kind string) string {
	if m.IsDecoy {
		return kind + "-nobody"
	}
	return kind
}

// AdmitMail counts a message in the transaction that writes it. If a limit is reached, it
// returns how long to wait, and counts nothing.
func (l *Limits) AdmitMail(ctx context.Context, tx *store.Tx, m Message, client Client) (time.Duration, error) {
	if !l.on {
		return 0, nil
	}
	spared := l.rules.MailRecipient
	if m.SparesReset {
		spared.Count = max(1, spared.Count-1)
	}
	counters := []counter{
		{name: nameCounter(m.name("mail"), m.RecipientKey, ""), limit: spared},
		{name: nameCounter(m.name("mail-total"), "", ""), limit: l.rules.MailTotal},
	}
	if m.IsAsked && client.IP.IsValid() {
		counters = append(counters, byNetwork(l.rules.MailAddress, "mail-address", "", client)...)
	}
	return l.admitMail(ctx, tx, counters)
}

// AdmitNotice counts a notice that has to go although a limit on mail is reached: one an hour
// to a recipient. So whoever floods a mailbox cannot delay what a thief's change of the account
// makes Cardea say. It returns how long to wait.
func (l *Limits) AdmitNotice(ctx context.Context, tx *store.Tx, recipientKey string) (time.Duration, error) {
	one := l.rules.MailRecipient
	one.Count = 1
	return l.admitMail(ctx, tx, []counter{{name: nameCounter("mail-notice", recipientKey, ""), limit: one}})
}

// admitMail counts in all counters, or returns how long to wait.
func (l *Limits) admitMail(ctx context.Context, tx *store.Tx, counters []counter) (time.Duration, error) {
	now := l.now()
	for _, c := range counters {
		wait, err := waitForMail(ctx, tx, c, now)
		if err != nil || wait > 0 {
			return wait, err
		}
	}
	id := token.ID()
	for _, c := range counters {
		if err := tx.AddAttempt(ctx, store.Attempt{ID: id, Counter: c.name[:], At: now}); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

func waitForMail(ctx context.Context, tx *store.Tx, c counter, now time.Time) (time.Duration, error) {
	if err := tx.RedateFutureAttempts(ctx, c.name[:], now); err != nil {
		return 0, err
	}
	rows, err := tx.AttemptsAfter(ctx, c.name[:], now.Add(-c.limit.Window), c.limit.Count)
	if err != nil || len(rows) < c.limit.Count {
		return 0, err
	}
	return max(time.Second, rows[c.limit.Count-1].At.Add(c.limit.Window).Sub(now)), nil
}

// TooMuchMail tells a signed-in user how long to wait.
func TooMuchMail(wait time.Duration) error {
	e := *errTooMuchMail
	e.RetryAfter = wait
	return &e
}

package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/store"
)

// Transport sends one message. Its errors: [ErrRefused], [ErrServer]; any other means that
// this message may be taken later.
type Transport interface {
	Send(ctx context.Context, l Letter) error
}

var (
	// ErrRefused: the server will never take this message, for instance because the mailbox
	// does not exist (a reply 5xx, RFC 5321 section 4.2.1).
	ErrRefused = errors.New("refused")
	// ErrServer: the server takes no message at the moment.
	ErrServer = errors.New("the mail server cannot be used")
)

const (
	// Interval is how often the job [Outbox.Send] should run.
	Interval = time.Second
	// batch is how many messages are leased at once.
	batch = 20
	// lease is how long a batch may take. After that others may send what is left of it.
	lease = 10 * time.Minute
	// The wait between attempts doubles from firstWait to longestWait (RFC 5321 section
	// 4.5.4.1 wants retries over days, but a link lives a day at most). A server that greylists
	// wants minutes, which the fifth attempt reaches.
	firstWait   = 5 * time.Second
	longestWait = 4 * time.Hour
)

// wait returns the time until the next attempt, after some that failed.
func wait(attempts int) time.Duration {
	return min(longestWait, firstWait<<min(attempts-1, 16))
}

// Send sends the messages that are due. If the server cannot be used, it stops and waits
// before it is asked again.
func (o *Outbox) Send(ctx context.Context) error {
	if o.opt.Transport == nil || !o.server.mayTry(o.opt.Now()) {
		return nil
	}
	for ctx.Err() == nil {
		leased, err := o.lease(ctx)
		if err != nil || len(leased) == 0 {
			return err
		}
		for i, row := range leased {
			if err := o.deliver(ctx, row); err != nil {
				return errors.Join(err, o.giveBack(leased[i+1:]))
			}
		}
	}
	return nil
}

// lease takes messages, so that no other server sends them meanwhile.
func (o *Outbox) lease(ctx context.Context) (leased []store.Mail, err error) {
	now := o.opt.Now()
	if due, err := o.db.HasDueMail(ctx, now); err != nil || !due {
		return nil, err // a look without a write
	}
	err = o.db.Tx(ctx, func(tx *store.Tx) (err error) {
		leased, err = tx.LeaseMail(ctx, now, now.Add(lease), batch)
		return err
	})
	return leased, err
}

// deliver sends one message and notes what became of it. It fails if no other message
// should be tried now.
func (o *Outbox) deliver(ctx context.Context, row store.Mail) error {
	now := o.opt.Now()
	if !now.Before(row.ExpiresAt) {
		return o.giveUp(row, errExpired)
	}
	if row.Kind == string(Decoy) {
		return o.settle(func(ctx context.Context, tx *store.Tx) error { return tx.DeleteMail(ctx, row.ID) })
	}
	letter, err := o.open(row)
	if err != nil {
		return o.giveUp(row, err)
	}
	err = o.opt.Transport.Send(ctx, letter)
	switch {
	case err == nil:
		o.server.worked()
		return o.sent(row)
	case ctx.Err() != nil: // the server stops
		return errors.Join(ctx.Err(), o.giveBack([]store.Mail{row}))
	case errors.Is(err, ErrRefused):
		o.server.worked()
		return o.giveUp(row, err)
	case errors.Is(err, ErrServer):
		o.server.failed(now, err)
		return errors.Join(err, o.giveBack([]store.Mail{row}))
	}
	o.server.worked()
	return o.postpone(row, err)
}

var errExpired = errors.New("not sent before it expired")

// settle writes what became of a message, also while the server stops: otherwise it would
// be sent twice.
func (o *Outbox) settle(f func(context.Context, *store.Tx) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), settling)
	defer cancel()
	return o.db.Tx(ctx, func(tx *store.Tx) error { return f(ctx, tx) })
}

const settling = 5 * time.Second

func (o *Outbox) sent(row store.Mail) error {
	o.figures.sent.Add(1)
	o.opt.Log.Info("mail sent", "id", row.ID, "kind", row.Kind, "user", row.UserID)
	return o.settle(func(ctx context.Context, tx *store.Tx) error {
		if o.opt.KeepSent {
			return tx.PostponeMail(ctx, row.ID, row.Attempts, row.ExpiresAt.Add(time.Hour), "") // the sweep comes first
		}
		return tx.DeleteMail(ctx, row.ID)
	})
}

// giveUp keeps the row without its content, so that operators see what was not sent.
func (o *Outbox) giveUp(row store.Mail, reason error) error {
	o.figures.gaveUp.Add(1)
	o.opt.Log.Warn("mail given up", "id", row.ID, "kind", row.Kind, "user", row.UserID, "attempts", row.Attempts, "error", reason)
	err := o.settle(func(ctx context.Context, tx *store.Tx) error { return tx.GiveUpMail(ctx, row.ID, text(reason)) })
	if err == nil && row.UserID != "" {
		o.audit.Record(context.Background(), guard.EventMailFailed, row.UserID, guard.Client{})
	}
	return err
}

func (o *Outbox) postpone(row store.Mail, reason error) error {
	o.figures.failures.Add(1)
	next := o.opt.Now().Add(wait(row.Attempts))
	o.opt.Log.Warn("mail not sent yet", "id", row.ID, "kind", row.Kind, "user", row.UserID, "attempts", row.Attempts, "next", next, "error", reason)
	return o.settle(func(ctx context.Context, tx *store.Tx) error {
		return tx.PostponeMail(ctx, row.ID, row.Attempts, next, text(reason))
	})
}

// giveBack ends the lease of messages that were not tried, or failed through no fault of theirs.
func (o *Outbox) giveBack(rows []store.Mail) error {
	if len(rows) == 0 {
		return nil
	}
	return o.settle(func(ctx context.Context, tx *store.Tx) error {
		var errs []error
		for _, row := range rows {
			errs = append(errs, tx.PostponeMail(ctx, row.ID, row.Attempts-1, o.opt.Now(), row.Error))
		}
		return errors.Join(errs...)
	})
}

// maxReason bounds what is kept of a server's reply, in bytes.
const maxReason = 300

func text(err error) string {
	s := err.Error()
	return s[:min(len(s), maxReason)]
}

// Sweep gives up messages that have expired, and deletes those that were given up before.
func (o *Outbox) Sweep(ctx context.Context) error {
	for {
		expired, err := o.db.ExpiredMail(ctx, o.opt.Now(), guard.SweepBatch)
		if err != nil || len(expired) == 0 {
			return err
		}
		err = o.db.Tx(ctx, func(tx *store.Tx) error {
			var errs []error
			for _, row := range expired {
				errs = append(errs, tx.DeleteMail(ctx, row.ID))
			}
			return errors.Join(errs...)
		})
		if err != nil {
			return err
		}
	}
}

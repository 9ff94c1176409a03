package outbox

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/smtp"
	"github.com/cardea-accounts/cardea/internal/store"
)

const (
	// Interval is how often the job [Outbox.Send] should run.
	Interval = time.Second
	// Connections is how many messages are sent at a time, so a server that is slow with
	// one recipient does not stop the others.
	Connections = 4
	// batch is how many messages are leased at once.
	batch = 40
	// lease is how long a batch may take. After that others may send what is left of it. It
	// is longer than a slow server takes for the messages of one connection. The next start
	// ends it, see [Outbox.ForgetInterrupted].
	lease = time.Hour
	// The wait between attempts doubles from firstWait to longestWait (RFC 5321 section
	// 4.5.4.1 wants retries over days, but a link lives a day at most). A server that greylists
	// wants minutes, which the sixth attempt reaches.
	firstWait   = 5 * time.Second
	longestWait = 4 * time.Hour
	// settling is how long it may take to write what became of a message.
	settling = 5 * time.Second
)

// wait returns the time until the next attempt, after some that failed.
func wait(attempts int) time.Duration { return min(longestWait, firstWait<<min(attempts-1, 16)) }

// Send sends the messages that are due. If the server cannot be used, it stops and waits
// before it is asked again.
func (o *Outbox) Send(ctx context.Context) error {
	if len(o.opt.Senders) == 0 || !o.server.mayTry(o.opt.Now()) {
		return nil
	}
	for ctx.Err() == nil {
		leased, err := o.lease(ctx)
		if err != nil || len(leased) == 0 {
			return err
		}
		if err := o.sendAll(ctx, leased); err != nil {
			return err
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

// sendAll sends messages over several connections. After the first failure that concerns all
// of them it gives the rest back.
func (o *Outbox) sendAll(ctx context.Context, leased []store.Mail) error {
	var (
		mu    sync.Mutex
		next  int
		fault error
	)
	take := func() (row store.Mail, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if fault != nil || next == len(leased) {
			return row, false
		}
		next++
		return leased[next-1], true
	}
	var senders sync.WaitGroup
	for _, sender := range o.opt.Senders {
		senders.Go(func() {
			for row, ok := take(); ok; row, ok = take() {
				if err := o.deliver(ctx, sender, row); err != nil {
					mu.Lock()
					fault = errors.Join(fault, err)
					mu.Unlock()
				}
			}
		})
	}
	senders.Wait()
	return errors.Join(fault, o.giveBack(leased[next:]))
}

var errExpired = errors.New("not sent before it expired")

// deliver sends one message and notes what became of it. It fails if no other message
// should be tried now.
func (o *Outbox) deliver(ctx context.Context, sender *smtp.Sender, row store.Mail) error {
	if row.Kind == string(Decoy) {
		return o.settle(func(ctx context.Context, tx *store.Tx) error { return tx.DeleteMail(ctx, row.ID) })
	}
	if !o.opt.Now().Before(row.ExpiresAt) {
		return o.giveUp(row, errExpired)
	}
	letter, err := o.open(row)
	if err != nil {
		return o.giveUp(row, err)
	}
	message, err := o.compose(letter)
	if err != nil {
		return o.giveUp(row, err)
	}
	_, err = sender.Send(ctx, message)
	if err == nil {
		o.server.worked()
		return o.sent(row)
	}
	if ctx.Err() != nil { // the server stops
		return errors.Join(ctx.Err(), o.giveBack([]store.Mail{row}))
	}
	return o.failed(row, err)
}

// failed notes a message that was not sent.
func (o *Outbox) failed(row store.Mail, err error) error {
	fault, _ := errors.AsType[*smtp.Error](err)
	switch {
	case fault != nil && fault.Fault == smtp.Permanent:
		o.server.worked()
		return o.giveUp(row, err)
	case fault != nil && fault.ConcernsAll():
		o.server.failed(o.opt.Now(), err)
		o.figures.failures.Add(1)
		return errors.Join(err, o.giveBack([]store.Mail{row}))
	}
	return o.postpone(row, err)
}

// compose puts a letter into words.
func (o *Outbox) compose(l Letter) (smtp.Message, error) {
	m, err := o.opt.Composer.Compose(l.Message)
	return smtp.Message{
		ID: l.ID, To: l.Message.To, Date: l.CreatedAt, Language: m.Language, Subject: m.Subject, Text: m.Text, HTML: m.HTML,
	}, err
}

// settle writes what became of a message, also while the server stops: otherwise it would
// be sent twice.
func (o *Outbox) settle(f func(context.Context, *store.Tx) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), settling)
	defer cancel()
	return o.db.Tx(ctx, func(tx *store.Tx) error { return f(ctx, tx) })
}

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
	err := o.settle(func(ctx context.Context, tx *store.Tx) error { return tx.GiveUpMail(ctx, row.ID, brief(reason)) })
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
		return tx.PostponeMail(ctx, row.ID, row.Attempts, next, brief(reason))
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

// maxReason bounds what is kept of an error, in bytes.
const maxReason = 300

func brief(err error) string {
	s := err.Error()
	return s[:min(len(s), maxReason)]
}

// Sweep deletes messages that have expired.
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

package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	letter "github.com/cardea-accounts/cardea/internal/mail"
	"github.com/cardea-accounts/cardea/internal/outbox"
	"github.com/cardea-accounts/cardea/internal/smtp"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/testkit/smtpsink"
)

// senders send to a sink, over several connections.
func senders(t testing.TB, sink *smtpsink.Sink) []*smtp.Sender {
	t.Helper()
	server, err := smtp.ParseURL("smtp://" + sink.Address)
	if err != nil {
		t.Fatal(err)
	}
	list := make([]*smtp.Sender, outbox.Connections)
	for i := range list {
		list[i] = smtp.New(smtp.Config{Server: server, From: mail.Address{Name: "Acme", Address: "accounts@acme.example"}})
		t.Cleanup(list[i].Close)
	}
	return list
}

// with returns a house with messages to some addresses in its outbox.
func with(t testing.TB, sink *smtpsink.Sink, addresses ...string) *house.House {
	t.Helper()
	h := house.New(t, house.Options{Senders: senders(t, sink)})
	for _, to := range addresses {
		add(t, h, to)
	}
	return h
}

func add(t testing.TB, h *house.House, to string) {
	t.Helper()
	now := h.Clock.Now()
	err := h.DB.Tx(t.Context(), func(tx *store.Tx) error {
		return h.Outbox.Add(t.Context(), tx, outbox.Letter{UserID: "user of " + to, ExpiresAt: now.Add(24 * time.Hour), Message: letter.Message{
			Kind: letter.Reset, To: to, Time: now, Lifetime: time.Hour, Link: "https://acme.example/reset#SECRET", Code: "BCDFGHJK",
		}}, time.Time{})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// wantWaiting fails the test unless so many messages wait and were given up.
func wantWaiting(t *testing.T, h *house.House, waiting, gaveUp int64) {
	t.Helper()
	if got, err := h.DB.Queue(t.Context()); err != nil || got.Waiting != waiting || got.GaveUp != gaveUp {
		t.Errorf("%+v, %v; want %d waiting and %d given up", got, err, waiting, gaveUp)
	}
}

func recipients(sink *smtpsink.Sink) (list []string) {
	for _, m := range sink.Messages() {
		list = append(list, m.To)
	}
	slices.Sort(list)
	return list
}

// Messages are sent once, and then gone. In the database they were encrypted.
func TestSend(t *testing.T) {
	sink := smtpsink.Start(t, smtpsink.Options{})
	h := with(t, sink, "ada@example.com", "bob@example.com")
	rows, err := h.DB.LatestMail(t.Context(), h.Clock.Now(), 9)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%v, %v", rows, err)
	}
	for _, row := range rows {
		if text := string(row.Sealed); strings.Contains(text, "SECRET") || strings.Contains(text, "BCDF") {
			t.Errorf("in clear: %q", text)
		}
	}
	for range 2 {
		if err := h.Outbox.Send(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := recipients(sink); !slices.Equal(got, []string{"ada@example.com", "bob@example.com"}) {
		t.Errorf("sent to %v", got)
	}
	wantWaiting(t, h, 0, 0)
}

// A server that greylists, refuses for a while or hangs up in the middle gets the message again
// later, each time with the same Message-ID.
func TestSendAgain(t *testing.T) {
	for name, step := range map[string]smtpsink.Step{"greylisted": smtpsink.Rcpt, "cut off in the message": smtpsink.Data, "cut off after it": smtpsink.Taken} {
		t.Run(name, func(t *testing.T) {
			var failing atomic.Bool
			failing.Store(true)
			sink := smtpsink.Start(t, smtpsink.Options{Answer: func(at smtpsink.Step, _ string) error {
				switch {
				case at != step || !failing.Load():
					return nil
				case step == smtpsink.Rcpt:
					return smtpsink.Refuse(451, "greylisted")
				}
				return smtpsink.ErrHangUp
			}})
			h := with(t, sink, "ada@example.com")
			for wait := 5 * time.Second; wait < 2*time.Minute; wait *= 2 {
				send(t, h)
				wantWaiting(t, h, 1, 0)
				h.Clock.Advance(wait)
			}
			failing.Store(false)
			send(t, h)
			wantWaiting(t, h, 0, 0)
			ids := map[string]bool{}
			for _, m := range sink.Messages() {
				ids[m.Read(t).Header.Get("Message-Id")] = true
			}
			if len(ids) != 1 {
				t.Errorf("message ids %v", ids)
			}
		})
	}
}

// send sends what is due; failures of the server are not the test's.
func send(t testing.TB, h *house.House) {
	t.Helper()
	if err := h.Outbox.Send(t.Context()); err != nil {
		if _, ok := errors.AsType[*smtp.Error](err); !ok {
			t.Fatal(err)
		}
	}
}

// A recipient whom the server refuses for good is given up and recorded. The others get theirs.
func TestRefusedRecipient(t *testing.T) {
	sink := smtpsink.Start(t, smtpsink.Options{Answer: func(step smtpsink.Step, address string) error {
		if step == smtpsink.Rcpt && strings.HasPrefix(address, "nobody") {
			return smtpsink.Refuse(550, "no such mailbox")
		}
		return nil
	}})
	h := with(t, sink, "ada@example.com", "nobody@example.com", "bob@example.com")
	send(t, h)
	if got := recipients(sink); !slices.Equal(got, []string{"ada@example.com", "bob@example.com"}) {
		t.Errorf("sent to %v", got)
	}
	wantWaiting(t, h, 0, 1)
	if events := h.Events(t, "user of nobody@example.com"); !slices.Equal(events, []guard.Event{guard.EventMailFailed}) {
		t.Errorf("events %v", events)
	}
	entries, err := h.Outbox.Latest(t.Context(), 9)
	if err != nil || len(entries) != 1 || !entries[0].GaveUp || !strings.Contains(entries[0].Error, "no such mailbox") || entries[0].Message.Link != "" {
		t.Errorf("%+v, %v", entries, err)
	}
	h.Clock.Advance(25 * time.Hour)
	if err := h.Outbox.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantWaiting(t, h, 0, 0)
}

// A server that takes nothing is left alone for longer each time. After five minutes that is
// reported. Messages lose no attempts by it.
func TestServerIsDown(t *testing.T) {
	var attempts atomic.Int64
	var down atomic.Bool
	down.Store(true)
	sink := smtpsink.Start(t, smtpsink.Options{Answer: func(step smtpsink.Step, _ string) error {
		if step == smtpsink.Mail && down.Load() {
			attempts.Add(1)
			return smtpsink.Refuse(421, "try again later")
		}
		return nil
	}})
	var addresses []string
	for i := range 100 {
		addresses = append(addresses, fmt.Sprintf("user%d@example.com", i))
	}
	h := with(t, sink, addresses...)
	for range 600 {
		send(t, h)
		h.Clock.Advance(time.Second)
	}
	if n := attempts.Load(); n < 5 || n > 10*outbox.Connections {
		t.Errorf("%d attempts in ten minutes", n)
	}
	if h.Outbox.Trouble() == nil {
		t.Error("nobody is told")
	}
	wantWaiting(t, h, 100, 0)
	down.Store(false)
	h.Clock.Advance(5 * time.Minute)
	send(t, h)
	wantWaiting(t, h, 0, 0)
	if err := h.Outbox.Trouble(); err != nil || len(sink.Messages()) != 100 {
		t.Errorf("%d sent, %v", len(sink.Messages()), err)
	}
}

// lease takes all messages for an hour, as another server would.
func lease(t *testing.T, h *house.House) {
	t.Helper()
	now := h.Clock.Now()
	err := h.DB.Tx(t.Context(), func(tx *store.Tx) error {
		_, err := tx.LeaseMail(t.Context(), now, now.Add(time.Hour), 9)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What a server that died had leased is sent when the next one starts, or else when the lease
// ends. When the server stops, nothing stays leased.
func TestLeases(t *testing.T) {
	sink := smtpsink.Start(t, smtpsink.Options{})
	h := with(t, sink, "ada@example.com")
	lease(t, h)
	send(t, h)
	if n := len(sink.Messages()); n != 0 {
		t.Errorf("%d sent, which another server was sending", n)
	}
	if err := h.Outbox.ForgetInterrupted(t.Context()); err != nil {
		t.Fatal(err)
	}
	send(t, h)
	if n := len(sink.Messages()); n != 1 {
		t.Errorf("%d sent after the next start", n)
	}
	add(t, h, "bob@example.com")
	lease(t, h)
	h.Clock.Advance(time.Hour)
	stopped, stop := context.WithCancel(t.Context())
	sink.SetAnswer(func(step smtpsink.Step, _ string) error {
		if step == smtpsink.Mail {
			stop()
			<-stopped.Done()
			return smtpsink.ErrHangUp
		}
		return nil
	})
	if err := h.Outbox.Send(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	sink.SetAnswer(nil)
	send(t, h)
	wantWaiting(t, h, 0, 0)
}

// A message that was not sent before it expired is given up.
func TestExpiredMail(t *testing.T) {
	sink := smtpsink.Start(t, smtpsink.Options{})
	h := with(t, sink, "ada@example.com")
	h.Clock.Advance(24 * time.Hour)
	send(t, h)
	wantWaiting(t, h, 0, 1)
	if n := len(sink.Messages()); n != 0 {
		t.Errorf("%d sent", n)
	}
}

// A full outbox and a server that takes everything at once.
func BenchmarkSend(b *testing.B) {
	sink := smtpsink.Start(b, smtpsink.Options{})
	h := with(b, sink)
	const queued = 1000
	for b.Loop() {
		b.StopTimer()
		for i := range queued {
			add(b, h, fmt.Sprintf("user%d@example.com", i))
		}
		b.StartTimer()
		send(b, h)
	}
	b.ReportMetric(float64(len(sink.Messages()))/b.Elapsed().Seconds(), "mails/s")
}

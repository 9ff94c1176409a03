package main

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/smtpsink"
)

// TestCrashMail kills the server with SIGKILL while users cause mail and a slow mail server
// takes it, again and again on the same data folder. In the end it requires that
//
//   - every act that was acknowledged has its message,
//   - an act without an answer has one or none, and
//   - a message that came twice had the same Message-ID both times.
func TestCrashMail(t *testing.T) {
	seed := *crashSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("%d rounds with -crash.seed=%d", *crashRounds, seed)
	c := &mailCrash{T: t, random: rand.New(rand.NewPCG(seed, 0))}
	c.sink = smtpsink.Start(t, smtpsink.Options{Answer: c.slowly})
	data := filepath.Join(t.TempDir(), "data")
	env := append(slices.Clone(cheap), "CARDEA_SMTP_URL=smtp://"+c.sink.Address, "CARDEA_MAIL_FROM=accounts@acme.example")
	var writers []*mailWriter
	for i := range crashWorkers {
		writers = append(writers, &mailWriter{number: i, random: rand.New(rand.NewPCG(seed, uint64(i)+1)), causes: map[message]expected{}})
	}
	for range *crashRounds {
		c.storm(serve(t, data, env), writers)
	}
	server := serve(t, data, env)
	outbox := openDatabase(t, data)
	eventually(t, "the outbox is empty", func() bool { return len(readColumn(t, outbox, `SELECT id FROM outbox`)) == 0 })
	server.stop()
	c.wantAll(writers)
}

type mailCrash struct {
	*testing.T
	random *rand.Rand
	sink   *smtpsink.Sink

	underWay atomic.Int64 // answers that the mail server is about to give
	inFlight int          // kills during one of them
	midway   int          // kills after a message was kept, before the server was told
	kept     atomic.Int64 // messages that are kept, of which the server was not told yet
}

// slowly lets the mail server take up to 5 ms for each step.
func (c *mailCrash) slowly(step smtpsink.Step, _ string) error {
	c.underWay.Add(1)
	defer c.underWay.Add(-1)
	if step == smtpsink.Taken {
		c.kept.Add(1)
		defer c.kept.Add(-1)
	}
	<-time.After(rand.N(5 * time.Millisecond)) //nolint:gosec // no secret
	return nil
}

// storm lets all writers cause mail at once until the server is killed.
func (c *mailCrash) storm(s *server, writers []*mailWriter) {
	death := 50*time.Millisecond + time.Duration(c.random.Int64N(int64(350*time.Millisecond)))
	var working sync.WaitGroup
	for _, w := range writers {
		working.Go(func() {
			if err := w.work(caller{c.Context(), s.url}); !errors.Is(err, errNoAnswer) {
				c.Error(err)
			}
		})
	}
	<-time.After(death)
	underWay, kept := c.underWay.Load(), c.kept.Load()
	s.kill()
	working.Wait()
	if underWay > 0 {
		c.inFlight++
	}
	if kept > 0 {
		c.midway++
	}
}

// expected is how many messages an address must have got of one subject: acts that were
// acknowledged, and acts without an answer.
type expected struct{ sure, maybe int }

// message is a kind of message to an address.
type message struct{ to, subject string }

// mailWriter causes mail for users of its own, one request after the other.
type mailWriter struct {
	number        int
	random        *rand.Rand
	registrations int
	users         []*mailUser
	causes        map[message]expected
}

type mailUser struct{ email, password, token string }

const (
	verifySubject = "Confirm your e-mail address for Cardea"
	resetSubject  = "Reset your Cardea password"
	noticeSubject = "Your Cardea password was changed"
)

// work causes mail until a request fails, and returns why.
func (w *mailWriter) work(c caller) error {
	for {
		var err error
		switch n := w.random.IntN(4); {
		case len(w.users) == 0 || n == 0:
			err = w.register(c)
		case n == 1:
			err = w.changePassword(c, pick(w.random, w.users))
		default:
			err = w.forget(c, pick(w.random, w.users))
		}
		if err != nil {
			return err
		}
	}
}

func (w *mailWriter) register(c caller) error {
	w.registrations++
	u := &mailUser{email: fmt.Sprintf("user%d@writer%d.example", w.registrations, w.number), password: "simplepass"}
	answer, err := w.cause(c, message{u.email, verifySubject}, http.StatusCreated,
		jsonRequest("POST", "/api/register", "", testkit.Registration("Ada", u.email, u.password)))
	if err == nil {
		u.token = answer.token
		w.users = append(w.users, u)
	}
	return err
}

func (w *mailWriter) forget(c caller, u *mailUser) error {
	_, err := w.cause(c, message{u.email, resetSubject}, http.StatusAccepted,
		jsonRequest("POST", "/api/password/forgot", "", map[string]string{"email": u.email}))
	return err
}

// changePassword gives up the user if no answer comes, whose password is not known then.
func (w *mailWriter) changePassword(c caller, u *mailUser) error {
	next := u.password + "+"
	answer, err := w.cause(c, message{u.email, noticeSubject}, http.StatusOK,
		jsonRequest("POST", "/api/password", u.token, testkit.PasswordChange(u.password, next)))
	if err != nil {
		w.users = slices.DeleteFunc(w.users, func(other *mailUser) bool { return other == u })
		return err
	}
	u.password, u.token = next, answer.token
	return nil
}

// cause sends a request that causes a message.
func (w *mailWriter) cause(c caller, m message, status int, r request) (reply, error) {
	answer, err := c.send(r, status)
	e := w.causes[m]
	if err == nil {
		e.sure++
	} else {
		e.maybe++
	}
	w.causes[m] = e
	return answer, err
}

// wantAll compares the messages that came with what was acknowledged.
func (c *mailCrash) wantAll(writers []*mailWriter) {
	c.Helper()
	causes := map[message]expected{}
	var sure, maybe int
	for _, w := range writers {
		maps.Copy(causes, w.causes)
	}
	for _, e := range causes {
		sure += e.sure
		maybe += e.maybe
	}
	arrived, texts, copies := map[message]int{}, map[string]string{}, 0
	ids := map[string]string{} // by their text, which has the link
	for _, m := range c.sink.Messages() {
		read := m.Read(c)
		id := read.Header.Get("Message-Id")
		switch first, isCopy := texts[id]; {
		case !isCopy:
			arrived[message{m.To, read.Subject}]++
			texts[id] = read.Text
		case first != read.Text:
			c.Errorf("two messages have the Message-ID %s", id)
		default:
			copies++
		}
		if other, ok := ids[read.Text]; ok && other != id {
			c.Errorf("one message to %s has two Message-IDs, %s and %s", m.To, other, id)
		}
		ids[read.Text] = id
	}
	var carriedOut int
	for m, e := range causes {
		n := arrived[m]
		if n < e.sure || n > e.sure+e.maybe {
			c.Errorf("%s: %q arrived %d times, want %d and at most %d more", m.to, m.subject, n, e.sure, e.maybe)
		}
		carriedOut += n - e.sure
		delete(arrived, m)
	}
	if len(arrived) > 0 {
		c.Errorf("nobody asked for %v", arrived)
	}
	c.Logf("%d kills, %d with mail in flight, %d of them after a message was kept and before the server was told", *crashRounds, c.inFlight, c.midway)
	c.Logf("%d acts acknowledged, each with its mail; without an answer: %d, of which carried out: %d; %d copies, each with the same Message-ID",
		sure, maybe, carriedOut, copies)
}

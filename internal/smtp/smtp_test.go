package smtp_test

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/smtp"
	"github.com/cardea-accounts/cardea/internal/testkit/smtpsink"
)

// sender returns a sender to a sink. The URL's %s is the sink's host and port.
func sender(t testing.TB, sink *smtpsink.Sink, url string, options ...func(*smtp.Config)) *smtp.Sender {
	t.Helper()
	server, err := smtp.ParseURL(fmt.Sprintf(url, sink.Address))
	if err != nil {
		t.Fatal(err)
	}
	c := smtp.Config{
		Server: server, From: mail.Address{Name: "Acme", Address: "accounts@acme.example"}, RootCAs: sink.RootCAs,
		Password: func() (string, error) { return "correct horse", nil },
	}
	for _, option := range options {
		option(&c)
	}
	s := smtp.New(c)
	t.Cleanup(s.Close)
	return s
}

func message(to string) smtp.Message {
	return smtp.Message{
		ID: "k3v9x2q7", To: to, Date: time.Date(2026, time.November, 22, 15, 4, 5, 0, time.UTC), Language: "de",
		Subject: "Setzen Sie Ihr Passwort zurück", Text: "Grüße\n.\n..\nFrom x\n", HTML: "<p>Grüße</p>\n",
	}
}

// wantFault checks the kind of an error and a part of its text, which is one line.
func wantFault(t *testing.T, err error, fault smtp.Fault, want string) {
	t.Helper()
	e, ok := errors.AsType[*smtp.Error](err)
	if !ok || e.Fault != fault || !strings.Contains(e.Error(), want) || strings.ContainsAny(e.Error(), "\r\n") || strings.Contains(e.Error(), "horse") {
		t.Errorf("got %v (%+v), want %s: %q", err, e, fault, want)
	}
}

func send(t *testing.T, s *smtp.Sender, m smtp.Message) string {
	t.Helper()
	reply, err := s.Send(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func TestSend(t *testing.T) {
	sink := smtpsink.Start(t, smtpsink.Options{})
	s := sender(t, sink, "smtp://%s")
	if reply := send(t, s, message("ada@example.com")); !strings.Contains(reply, "OK: queued") {
		t.Errorf("reply: %q", reply)
	}
	got := sink.Messages()[0]
	read := got.Read(t)
	if got.From != "accounts@acme.example" || got.To != "ada@example.com" || got.UTF8 {
		t.Errorf("envelope: %+v", got)
	}
	for name, want := range map[string]string{
		"From": `"Acme" <accounts@acme.example>`, "To": "<ada@example.com>", "Date": "Sun, 22 Nov 2026 15:04:05 +0000",
		"Message-Id": "<k3v9x2q7@acme.example>", "Auto-Submitted": "auto-generated", "Content-Language": "de", "Mime-Version": "1.0",
	} {
		if value := read.Header[name]; len(value) != 1 || value[0] != want {
			t.Errorf("%s: %q, want %s", name, value, want)
		}
	}
	if len(read.Header) != 9 { // these, Subject and Content-Type
		t.Errorf("headers: %v", read.Header)
	}
	want := message("")
	if read.Subject != want.Subject || read.Text != want.Text || read.HTML != want.HTML {
		t.Errorf("got %+v", read)
	}
	for line := range strings.SplitSeq(string(got.Raw), "\r\n") {
		if len(line) > 998 || strings.ContainsFunc(line, func(r rune) bool { return r >= 0x80 || r < ' ' && r != '\t' }) {
			t.Errorf("a line of other characters than ASCII, or too long: %q", line)
		}
	}
}

// One connection carries many messages. A server that closes it in between does no harm.
func TestConnectionIsReused(t *testing.T) {
	sink := smtpsink.Start(t, smtpsink.Options{})
	s := sender(t, sink, "smtp://%s")
	for range 50 {
		send(t, s, message("ada@example.com"))
	}
	if n := sink.Connections(); n != 1 {
		t.Errorf("%d connections", n)
	}
	var closed atomic.Bool
	sink.SetAnswer(func(step smtpsink.Step, _ string) error {
		if step == smtpsink.Mail && closed.CompareAndSwap(false, true) {
			return smtpsink.ErrHangUp
		}
		return nil
	})
	for range 60 {
		send(t, s, message("ada@example.com"))
	}
	if n := sink.Connections(); n != 2 {
		t.Errorf("%d connections", n)
	}
	for range 100 {
		send(t, s, message("ada@example.com"))
	}
	if n := sink.Connections(); n != 3 { // at most 100 messages on each
		t.Errorf("%d connections", n)
	}
	if n := len(sink.Messages()); n != 210 {
		t.Errorf("%d messages", n)
	}
}

func TestServersAnswers(t *testing.T) {
	for _, c := range []struct {
		step  smtpsink.Step
		err   error
		fault smtp.Fault
		want  string
	}{
		{smtpsink.Hello, smtpsink.Refuse(554, "go away"), smtp.Setup, "at connect: 554 5.7.1 go away; check CARDEA_SMTP_URL"},
		{smtpsink.Hello, smtpsink.Refuse(421, "busy"), smtp.Temporary, "421"},
		{smtpsink.Hello, smtpsink.ErrHangUp, smtp.Temporary, "at connect"},
		{smtpsink.Mail, smtpsink.Refuse(451, "busy"), smtp.Temporary, "at MAIL: 451 4.7.1 busy"},
		{smtpsink.Mail, smtpsink.Refuse(553, "not your address"), smtp.Setup, "at MAIL: 553 5.7.1 not your address; the server does not take mail from this sender; check CARDEA_MAIL_FROM"},
		{smtpsink.Mail, smtpsink.ErrHangUp, smtp.Temporary, "at MAIL"},
		{smtpsink.Rcpt, smtpsink.Refuse(450, "greylisted"), smtp.Temporary, "at RCPT: 450 4.7.1 greylisted"},
		{smtpsink.Rcpt, smtpsink.Refuse(550, "no such user"), smtp.Permanent, "at RCPT: 550 5.7.1 no such user"},
		{smtpsink.Rcpt, smtpsink.Refuse(530, "sign in"), smtp.Setup, "at RCPT: 530"},
		{smtpsink.Rcpt, smtpsink.Refuse(421, "too many"), smtp.Temporary, "421"},
		{smtpsink.Data, smtpsink.Refuse(452, "disk full"), smtp.Temporary, "at message: 452 4.7.1 disk full"},
		{smtpsink.Data, smtpsink.Refuse(554, "spam"), smtp.Permanent, "at message: 554 5.7.1 spam"},
		{smtpsink.Data, smtpsink.ErrHangUp, smtp.Temporary, "at message"},
		{smtpsink.Taken, smtpsink.ErrHangUp, smtp.Temporary, "at message"},
	} {
		sink := smtpsink.Start(t, smtpsink.Options{Answer: func(step smtpsink.Step, _ string) error {
			if step == c.step {
				return c.err
			}
			return nil
		}})
		s := sender(t, sink, "smtp://%s")
		_, err := s.Send(t.Context(), message("ada@example.com"))
		wantFault(t, err, c.fault, c.want)
		sink.SetAnswer(nil)
		send(t, s, message("bob@example.com"))
		messages := sink.Messages()
		if c.step == smtpsink.Taken { // nobody knows whether it was sent; it was
			messages = messages[1:]
		}
		if len(messages) != 1 || messages[0].To != "bob@example.com" {
			t.Errorf("%s, %v: then %d messages", c.step, c.err, len(messages))
		}
	}
}

// A refused recipient costs the others nothing, not even the connection.
func TestGreylist(t *testing.T) {
	sink := smtpsink.Start(t, smtpsink.Options{Answer: smtpsink.Greylist()})
	s := sender(t, sink, "smtp://%s")
	for _, to := range []string{"ada@example.com", "bob@example.com"} {
		_, err := s.Send(t.Context(), message(to))
		wantFault(t, err, smtp.Temporary, "greylisted, try again later")
	}
	send(t, s, message("ada@example.com"))
	send(t, s, message("bob@example.com"))
	if n := sink.Connections(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// After a lost reply the next attempt has the same Message-ID.
func TestDuplicates(t *testing.T) {
	var lost atomic.Bool
	sink := smtpsink.Start(t, smtpsink.Options{Answer: func(step smtpsink.Step, _ string) error {
		if step == smtpsink.Taken && lost.CompareAndSwap(false, true) {
			return smtpsink.ErrHangUp
		}
		return nil
	}})
	s := sender(t, sink, "smtp://%s")
	_, err := s.Send(t.Context(), message("ada@example.com"))
	wantFault(t, err, smtp.Temporary, "")
	send(t, s, message("ada@example.com"))
	a, b := sink.Messages()[0].Read(t), sink.Messages()[1].Read(t)
	if id := a.Header.Get("Message-Id"); id == "" || id != b.Header.Get("Message-Id") {
		t.Errorf("ids %s and %s", id, b.Header.Get("Message-Id"))
	}
}

// A server that hangs in any step is left in time.
func TestSlowServer(t *testing.T) {
	for _, slow := range []smtpsink.Step{smtpsink.Hello, smtpsink.Mail, smtpsink.Rcpt, smtpsink.Data, smtpsink.Taken} {
		release := make(chan struct{})
		sink := smtpsink.Start(t, smtpsink.Options{Answer: func(step smtpsink.Step, _ string) error {
			if step == slow {
				<-release
			}
			return nil
		}})
		s := sender(t, sink, "smtp://%s", func(c *smtp.Config) { c.StepTimeout, c.FinalTimeout = 50*time.Millisecond, 50*time.Millisecond })
		_, err := s.Send(t.Context(), message("ada@example.com"))
		wantFault(t, err, smtp.Temporary, "i/o timeout")
		close(release)
		s.Close()
	}
}

// The end of the caller's context ends the wait for a server.
func TestContext(t *testing.T) {
	waits, release := make(chan struct{}, 1), make(chan struct{})
	sink := smtpsink.Start(t, smtpsink.Options{Answer: func(step smtpsink.Step, _ string) error {
		if step == smtpsink.Rcpt {
			waits <- struct{}{}
			<-release
		}
		return nil
	}})
	defer close(release)
	s := sender(t, sink, "smtp://%s")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-waits
		cancel()
	}()
	_, err := s.Send(ctx, message("ada@example.com"))
	wantFault(t, err, smtp.Temporary, "at RCPT: context canceled")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the cause of %v is lost", err)
	}
	_, err = s.Send(ctx, message("ada@example.com"))
	wantFault(t, err, smtp.Temporary, "context canceled")
}

// Addresses of other scripts, and strange ones, arrive or fail for good.
func TestAddresses(t *testing.T) {
	plain, international := smtpsink.Start(t, smtpsink.Options{}), smtpsink.Start(t, smtpsink.Options{UTF8: true})
	for _, c := range []struct {
		to, envelope string // as the server sees it; empty: never sent
		utf8         bool
	}{
		{"ada@bücher.example", "ada@xn--bcher-kva.example", false},
		{"ädä@bücher.example", "ädä@xn--bcher-kva.example", true},
		{"用户@例子.公司", "用户@xn--fsqu00a.xn--55qx5d", true},
		{`"a b"@example.com`, "", false},
		{`"a@b"@example.com`, `a@b@example.com`, false},
		{"a+b=c@example.com", "a+b=c@example.com", false},
		{strings.Repeat("a", 64) + "@" + strings.Repeat("example.", 23) + "com", "same", false},
		{"Ada <ada@example.com>", "", false},
		{"ada@example.com, bob@example.com", "", false},
		{"ada@example.com\r\nRCPT TO:<bob@example.com>", "", false},
		{"ada@exa\x00mple.com", "", false},
		{"ada@[127.0.0.1]", "", false},
		{"ada", "", false},
		{"", "", false},
	} {
		want := c.envelope
		if want == "same" {
			want = c.to
		}
		for _, sink := range []*smtpsink.Sink{plain, international} {
			before := len(sink.Messages())
			_, err := sender(t, sink, "smtp://%s").Send(t.Context(), message(c.to))
			after := sink.Messages()[before:]
			if want == "" || c.utf8 && sink == plain {
				wantFault(t, err, smtp.Permanent, "")
				if len(after) > 0 {
					t.Errorf("%q was sent", c.to)
				}
				continue
			}
			if err != nil || len(after) != 1 || after[0].To != want || after[0].UTF8 != c.utf8 {
				t.Errorf("%q: %v, %+v", c.to, err, after)
				continue
			}
			if to, err := mail.ParseAddress(after[0].Read(t).Header.Get("To")); err != nil || to.Address != want {
				t.Errorf("%q: header %v (%v)", c.to, to, err)
			}
		}
	}
}

// 1,000 messages over one connection after another.
func BenchmarkSend(b *testing.B) {
	for _, url := range []string{"smtp://%s?tls=off", "smtp://%s?tls=required"} {
		b.Run(strings.TrimPrefix(url, "smtp://%s?"), func(b *testing.B) {
			sink := smtpsink.Start(b, smtpsink.Options{StartTLS: true})
			s := sender(b, sink, url)
			m := message("ada@example.com")
			m.HTML = strings.Repeat("<p>a line of HTML as mails have it</p>\n", 150)
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				n++
				m.ID = strconv.Itoa(n)
				if _, err := s.Send(b.Context(), m); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "mails/s")
		})
	}
}

package smtp_test

import (
	"bytes"
	"errors"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/smtp"
	"github.com/cardea-accounts/cardea/internal/testkit/smtpsink"
)

func TestTLS(t *testing.T) {
	right := smtpsink.Options{StartTLS: true}
	for _, c := range []struct {
		name  string
		sink  smtpsink.Options
		url   string
		tls   bool
		fault smtp.Fault
		want  string
	}{
		{"required and there", right, "smtp://%s?tls=required", true, 0, ""},
		{"required and missing", smtpsink.Options{}, "smtp://%s?tls=required", false, smtp.Setup, "the server does not offer STARTTLS; use smtps://"},
		{"opportunistic and there", right, "smtp://%s", true, 0, ""},
		{"opportunistic and missing", smtpsink.Options{}, "smtp://%s", false, 0, ""},
		{"off", right, "smtp://%s?tls=off", false, 0, ""},
		{"implicit", smtpsink.Options{Implicit: true}, "smtps://%s", true, 0, ""},
		{"implicit, to a server without", right, "smtps://%s", false, smtp.Setup, "the server does not answer in TLS; smtps:// is for port 465"},
		{"a wrong certificate", smtpsink.Options{StartTLS: true, Host: "mail.example.com"}, "smtp://%s?tls=required", false, smtp.Setup,
			"use the host name that the server's certificate has"},
		{"a wrong certificate, implicit", smtpsink.Options{Implicit: true, Host: "mail.example.com"}, "smtps://%s", false, smtp.Setup,
			"use the host name that the server's certificate has"},
		{"a made-up certificate on this machine", smtpsink.Options{StartTLS: true, Host: "debian"}, "smtp://%s", true, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			sink := smtpsink.Start(t, c.sink)
			_, err := sender(t, sink, c.url).Send(t.Context(), message("ada@example.com"))
			if c.fault != 0 {
				wantFault(t, err, c.fault, c.want)
				if len(sink.Messages()) > 0 {
					t.Error("it was sent")
				}
				return
			}
			if err != nil || sink.Messages()[0].TLS != c.tls {
				t.Errorf("%v, %+v", err, sink.Messages())
			}
		})
	}
}

func TestSignIn(t *testing.T) {
	for _, c := range []struct {
		mechanisms []string
		auth       string
	}{
		{[]string{"PLAIN"}, ""},
		{[]string{"LOGIN"}, ""},
		{[]string{"CRAM-MD5"}, ""},
		{[]string{"XOAUTH2", "CRAM-MD5", "PLAIN"}, ""},
		{[]string{"PLAIN", "XOAUTH2"}, "&auth=xoauth2"},
		{[]string{"PLAIN", "LOGIN"}, "&auth=login"},
	} {
		sink := smtpsink.Start(t, smtpsink.Options{StartTLS: true, User: "ada@example.com", Password: "correct horse", Auth: c.mechanisms})
		send(t, sender(t, sink, "smtp://ada@example.com@%s?tls=required"+c.auth), message("bob@example.com"))
		if !sink.Messages()[0].SignedIn {
			t.Errorf("%v%s: not signed in", c.mechanisms, c.auth)
		}
		wrong := func(c *smtp.Config) { c.Password = func() (string, error) { return "wrong horse", nil } }
		_, err := sender(t, sink, "smtp://ada@example.com@%s?tls=required"+c.auth, wrong).Send(t.Context(), message("bob@example.com"))
		wantFault(t, err, smtp.Setup, "check the user name in CARDEA_SMTP_URL and the file CARDEA_SMTP_PASSWORD_FILE")
	}
}

func TestSignInFails(t *testing.T) {
	sink := smtpsink.Start(t, smtpsink.Options{StartTLS: true, User: "ada", Password: "correct horse", Auth: []string{"NTLM"}})
	_, err := sender(t, sink, "smtp://ada@%s").Send(t.Context(), message("bob@example.com"))
	wantFault(t, err, smtp.Setup, "the server offers no known way to sign in, but: NTLM; remove the user name")
	_, err = sender(t, sink, "smtp://ada@%s?auth=plain").Send(t.Context(), message("bob@example.com"))
	wantFault(t, err, smtp.Setup, "504 5.7.4")
	_, err = sender(t, sink, "smtp://%s").Send(t.Context(), message("bob@example.com"))
	wantFault(t, err, smtp.Setup, "530 5.7.0 sign in first; the server wants a user name, or TLS")
	missing := func(c *smtp.Config) { c.Password = func() (string, error) { return "", errors.New("/x is empty") } }
	_, err = sender(t, sink, "smtp://ada@%s", missing).Send(t.Context(), message("bob@example.com"))
	wantFault(t, err, smtp.Setup, "/x is empty; correct CARDEA_SMTP_PASSWORD_FILE")
	none := func(c *smtp.Config) { c.Password = nil }
	_, err = sender(t, sink, "smtp://ada@%s", none).Send(t.Context(), message("bob@example.com"))
	wantFault(t, err, smtp.Setup, "there is no password; name its file in CARDEA_SMTP_PASSWORD_FILE")
}

// The password is not sent to a server that strips STARTTLS off.
func TestPasswordNeedsTLS(t *testing.T) {
	for _, mechanism := range []string{"PLAIN", "LOGIN", "XOAUTH2"} {
		sink := smtpsink.Start(t, smtpsink.Options{User: "ada", Password: "correct horse", Auth: []string{mechanism}})
		// A connection to this address reaches this machine, but it is no loopback address.
		remote := func(c *smtp.Config) { c.Server.Host = "0.0.0.0" }
		s := sender(t, sink, "smtp://ada@%s?tls=opportunistic&auth="+strings.ToLower(mechanism), remote)
		_, err := s.Send(t.Context(), message("bob@example.com"))
		wantFault(t, err, smtp.Setup, "the password would be sent unprotected; use smtps:// or tls=required")
	}
}

func TestNoServer(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := listener.Addr().(*net.TCPAddr).Port
	_ = listener.Close()
	s := smtp.New(smtp.Config{Server: smtp.Server{Host: "127.0.0.1", Port: gone}, From: mail.Address{Address: "a@acme.example"}})
	_, err = s.Send(t.Context(), message("ada@example.com"))
	wantFault(t, err, smtp.Temporary, "connection refused")
}

// serve runs a server that is none: f gets each connection.
func serve(t *testing.T, f func(net.Conn)) *smtp.Sender {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			f(conn)
			_ = conn.Close()
		}
	}()
	port := listener.Addr().(*net.TCPAddr).Port
	return smtp.New(smtp.Config{
		Server: smtp.Server{Host: "127.0.0.1", Port: port}, From: mail.Address{Address: "a@acme.example"}, StepTimeout: 200 * time.Millisecond,
	})
}

// What is no mail server, or a hostile one, costs bounded time and memory.
func TestStrangeServers(t *testing.T) {
	for name, talk := range map[string]func(net.Conn){
		"nothing":           func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) },
		"closes":            func(net.Conn) {},
		"web":               func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) },
		"endless line":      func(c net.Conn) { flood(c, "2") },
		"endless reply":     func(c net.Conn) { flood(c, "220-hello\r\n") },
		"control sequences": func(c net.Conn) { _, _ = c.Write([]byte("554 \x1b[2Jgo\x00away\u202e\r\n")) },
	} {
		_, err := serve(t, talk).Send(t.Context(), message("ada@example.com"))
		e, ok := errors.AsType[*smtp.Error](err)
		if !ok || e.Step != "connect" || len(e.Error()) > 1000 || strings.ContainsAny(e.Error(), "\x00\x1b\r\n\u202e") {
			t.Errorf("%s: %q", name, err)
		}
	}
}

func flood(c net.Conn, s string) {
	for {
		if _, err := c.Write([]byte(strings.Repeat(s, 1000))); err != nil {
			return
		}
	}
}

// Nothing in a message adds a header, a recipient or a command.
func FuzzHeaders(f *testing.F) {
	sink := smtpsink.Start(f, smtpsink.Options{UTF8: true})
	f.Add("Reset", "ada@example.com", "Acme", "de", "text\r\n.\r\nRCPT TO:<x@x>\r\n")
	f.Add("Reset\r\nBcc: x@x", "ada@example.com\r\nBcc: x@x", "Acme\r\nBcc: x@x", "de\r\nBcc: x@x", "\r\n.\r\n")
	f.Add("=?utf-8?q?a=0D=0ABcc:_x?=", `"a\r\n"@example.com`, "A\u2028B", "de", "a\n.\nb")
	f.Add("=?utf-8?q?=0D=0ABcc:_x?=", "ada@example.com", "=?utf-8?q?=0D=0ABcc:_x?=", "de", "")
	f.Add("a  "+strings.Repeat("b", 80)+"   "+strings.Repeat("c", 80), strings.Repeat("d", 90)+"@example.com", strings.Repeat(" ", 100)+"e", "de", "")
	f.Add(strings.Repeat("ü ", 300), "ü@example.com", strings.Repeat("n ", 300), "", "\x00\xff")
	f.Fuzz(func(t *testing.T, subject, to, name, language, text string) {
		s := sender(t, sink, "smtp://%s", func(c *smtp.Config) { c.From.Name = name })
		before := len(sink.Messages())
		m := smtp.Message{ID: "id", To: to, Date: time.Unix(0, 0), Language: language, Subject: subject, Text: text, HTML: "<p>" + text}
		_, err := s.Send(t.Context(), m)
		after := sink.Messages()[before:]
		if err != nil {
			if e, ok := errors.AsType[*smtp.Error](err); !ok || len(after) > 0 || e.Fault == smtp.Setup {
				t.Errorf("%v, %d messages", err, len(after))
			}
			return
		}
		if len(after) != 1 || after[0].From != "accounts@acme.example" {
			t.Fatalf("%d messages: %+v", len(after), after)
		}
		read := after[0].Read(t)
		want := 8
		if language != "" {
			want = 9
		}
		if bytes.Contains(after[0].Raw, []byte("\r\n \r\n")) {
			t.Errorf("an empty line in %q", after[0].Raw)
		}
		if len(read.Header) != want || len(read.Header["To"]) != 1 {
			t.Errorf("headers: %v", read.Header)
		}
		if strings.Join(strings.Fields(read.Subject), "") != strings.Join(strings.Fields(subject), "") {
			t.Errorf("subject %q, want %q", read.Subject, subject)
		}
	})
}

package testkit

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
)

// Development turns the development mailbox on.
func Development(c *cardea.Config) { c.Dev = true }

// VerifiesFirst lets nobody sign in before their address is verified.
func VerifiesFirst(c *cardea.Config) { c.EmailVerification = "required" }

// LoginByMail lets users sign in with a code by mail.
func LoginByMail(c *cardea.Config) { c.EmailLogin = "on" }

// Mail is a message in the development mailbox.
type Mail struct {
	ID      string `json:"id"`
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
	Purpose string `json:"purpose"`
	Link    string `json:"link"`
	Code    string `json:"code"`
}

// Token is the token in the message's link.
func (m Mail) Token() string {
	_, token, _ := strings.Cut(m.Link, "#")
	return token
}

// Mails returns the messages to an address, the newest first. The server has to be in
// [Development].
func (s *Server) Mails(t testing.TB, to string) []Mail {
	t.Helper()
	c := s.NewClient(t)
	c.Undocumented = true
	var box struct{ Messages []Mail }
	if err := json.Unmarshal(c.Get("/dev/mail.json?to="+url.QueryEscape(to)).Want(200).Body, &box); err != nil {
		t.Fatal(err)
	}
	return box.Messages
}

// Mail returns the newest message to an address, which must be for a purpose.
func (s *Server) Mail(t testing.TB, to, purpose string) Mail {
	t.Helper()
	mails := s.Mails(t, to)
	if len(mails) == 0 || mails[0].Purpose != purpose {
		t.Fatalf("mail to %s: %+v, want one for %s", to, mails, purpose)
	}
	return mails[0]
}

// Purposes lists the purposes of the messages to an address, the newest first.
func (s *Server) Purposes(t testing.TB, to string) string {
	t.Helper()
	var list []string
	for _, m := range s.Mails(t, to) {
		list = append(list, m.Purpose)
	}
	return strings.Join(list, " ")
}

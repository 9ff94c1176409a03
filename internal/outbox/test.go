package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/cardea-accounts/cardea/internal/mail"
	"github.com/cardea-accounts/cardea/internal/smtp"
	"github.com/cardea-accounts/cardea/internal/token"
)

// ErrNoServer means that no mail server is set.
var ErrNoServer = errors.New("there is no mail server to send by; set one with --smtp-url")

// CheckServer connects to the mail server and signs in, and sends nothing. Errors:
// [ErrNoServer], [*smtp.Error].
func (s Settings) CheckServer(ctx context.Context) error {
	senders, err := s.Senders()
	if err != nil {
		return err
	}
	if len(senders) == 0 {
		return ErrNoServer
	}
	return senders[0].Check(ctx)
}

// SendTest sends a test message to an address at once, and returns the server's words.
// Errors: [ErrNoServer], [*smtp.Error].
func (s Settings) SendTest(ctx context.Context, to string, now time.Time) (reply string, err error) {
	_, composer, err := s.Words()
	if err != nil {
		return "", err
	}
	senders, err := s.Senders()
	if err != nil {
		return "", err
	}
	if len(senders) == 0 {
		return "", ErrNoServer
	}
	m, err := composer.Compose(mail.Message{Kind: mail.Test, To: to, Time: now})
	if err != nil {
		return "", err
	}
	defer senders[0].Close()
	return senders[0].Send(ctx, smtp.Message{
		ID: token.ID(), To: to, Date: now, Language: m.Language, Subject: m.Subject, Text: m.Text, HTML: m.HTML,
	})
}

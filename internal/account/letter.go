package account

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/challenge"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/mail"
	"github.com/cardea-accounts/cardea/internal/outbox"
	"github.com/cardea-accounts/cardea/internal/store"
)

// Mail is what the use cases with a mailbox need.
type Mail struct {
	Challenges *challenge.Service
	Outbox     *outbox.Outbox
	// IsRequired: an address must be verified before its user can sign in.
	IsRequired bool
	// HasLogin: users can sign in with a code by mail.
	HasLogin bool
	// Languages are the tags of the languages that there are texts for.
	Languages []string
}

func (m Mail) languageProblem(tag string) string {
	if slices.Contains(m.Languages, tag) {
		return ""
	}
	return "There are no texts in this language. Choose one of: " + strings.Join(m.Languages, ", ") + "."
}

// VerifiesFirst reports whether an address must be verified before its user can sign in.
func (s *Service) VerifiesFirst() bool { return s.mail.IsRequired }

// noticeLife is how long a notice may wait for a mail server.
const noticeLife = 7 * 24 * time.Hour

// letter is a message that is about to be written.
type letter struct {
	user    store.User // whose message it is
	to      string     // the address, as typed
	message mail.Message
	life    time.Duration
	sendAt  time.Time // zero: at once
	mustGo  bool      // a notice of a change of the account, which no limit may hide
	undoes  bool      // a notice with a link to undo the change
}

// put puts a message into the outbox.
func (s *Service) put(ctx context.Context, tx *store.Tx, l letter, client guard.Client) error {
	m := &l.message
	m.To, m.Language, m.Site, m.Time = l.to, l.user.Language, client.Links, s.now()
	if l.user.EmailVerified {
		m.Name = l.user.Name // otherwise a stranger may have chosen it
	}
	if m.Language == "" {
		m.Language = client.Language
	}
	return s.mail.Outbox.Add(ctx, tx, outbox.Letter{UserID: l.user.ID, Message: *m, ExpiresAt: m.Time.Add(l.life)}, l.sendAt)
}

// admit counts a message to an address that somebody asked for. If a limit is reached, the message
// is withheld, and admit returns how long to wait.
func (s *Service) admit(ctx context.Context, tx *store.Tx, row store.User, m guard.Message, client guard.Client, report guard.Report) (time.Duration, error) {
	wait, err := s.guards.Limits.AdmitMail(ctx, tx, m, client)
	if wait > 0 {
		report(guard.EventMailWithheld, row.ID)
	}
	return wait, err
}

// notify writes a message that nobody asked for. Over the limit it is withheld, unless it must
// go. An address that was never verified may be a stranger's, so for it nothing must go.
func (s *Service) notify(ctx context.Context, tx *store.Tx, l letter, client guard.Client, report guard.Report) error {
	wait, err := s.guards.Limits.AdmitMail(ctx, tx, guard.Message{RecipientKey: EmailKey(l.to)}, client)
	isWithheld := wait > 0 && !(l.mustGo && l.user.EmailVerified)
	if wait > 0 && !isWithheld {
		isWithheld, err = s.hurry(ctx, tx, &l)
	}
	if err != nil {
		return err
	}
	if isWithheld {
		report(guard.EventMailWithheld, l.user.ID)
		return nil
	}
	if l.undoes {
		secrets, err := s.mail.Challenges.Create(ctx, tx, l.user, challenge.Undo, l.user.Email, "")
		if err != nil {
			return err
		}
		l.message.Link, l.message.Lifetime = link(client, challenge.Undo, secrets), challenge.Undo.Lifetime()
	}
	if l.mustGo {
		l.user.ID = "" // it is nobody's, so it stays when the user is deleted
	}
	l.life = noticeLife
	l.message.Browser, l.message.System = DeviceOf(client.UserAgent)
	return s.put(ctx, tx, l, client)
}

// hurry decides when a notice over the limit goes: at once, if it is the first in an hour, else
// later. One of its kind that waits already is enough: its link undoes what comes after it, too.
func (s *Service) hurry(ctx context.Context, tx *store.Tx, l *letter) (isWaiting bool, err error) {
	wait, err := s.guards.Limits.AdmitNotice(ctx, tx, EmailKey(l.to))
	if err != nil || wait == 0 {
		return false, err
	}
	l.sendAt = s.now().Add(wait)
	return tx.IsMailWaiting(ctx, l.to, string(l.message.Kind), s.now())
}

// what a challenge for a purpose is called, and where its link leads.
var challenges = map[challenge.Purpose]struct {
	path string
	kind mail.Kind
	sent guard.Event
}{
	challenge.Verify: {"/verify", mail.Verify, guard.EventVerifySent},
	challenge.Reset:  {"/reset", mail.Reset, guard.EventResetSent},
	challenge.Change: {"/verify", mail.Change, guard.EventChangeSent},
	challenge.Login:  {"/login", mail.Login, guard.EventCodeSent},
	challenge.Undo:   {"/undo", "", ""},
}

// link carries the token in the fragment, which browsers send to nobody.
func link(client guard.Client, purpose challenge.Purpose, secrets challenge.Secrets) string {
	return client.Links + challenges[purpose].path + "#" + string(secrets.Token)
}

// challenge makes a challenge and writes the message that carries it to an address. If a
// limit is reached, older challenges stay, and it returns how long to wait.
//
// A user without a row is a decoy: it costs the same, and nothing is sent.
func (s *Service) challenge(ctx context.Context, tx *store.Tx, row store.User, purpose challenge.Purpose, to string, client guard.Client, report guard.Report) (time.Duration, error) {
	m := guard.Message{RecipientKey: EmailKey(to), IsAsked: true, IsDecoy: row.ID == "",
		SparesReset: purpose == challenge.Login || purpose == challenge.Change}
	wait, err := s.admit(ctx, tx, row, m, client, report)
	if err != nil || wait > 0 {
		return wait, err
	}
	owner := row
	if m.IsDecoy {
		owner.ID = s.mail.Challenges.Nobody(EmailKey(to))
	}
	secrets, err := s.mail.Challenges.Create(ctx, tx, owner, purpose, to, client.Browser)
	if err != nil {
		return 0, err
	}
	return 0, s.carry(ctx, tx, owner, purpose, to, secrets, m.IsDecoy, client, report)
}

// carry writes the message that carries a challenge, or that of a decoy.
func (s *Service) carry(ctx context.Context, tx *store.Tx, owner store.User, purpose challenge.Purpose, to string, secrets challenge.Secrets, isDecoy bool, client guard.Client, report guard.Report) error {
	what := challenges[purpose]
	isNew := purpose == challenge.Verify && owner.CreatedAt.Equal(store.Stored(s.now())) // its registration is the event
	l := letter{user: owner, to: to, life: purpose.Lifetime()}
	l.message = mail.Message{Kind: what.kind, Link: link(client, purpose, secrets), Code: secrets.Code, Lifetime: l.life}
	userID := owner.ID
	if isDecoy {
		l.message.Kind, userID = outbox.Decoy, ""
	}
	if !isNew {
		report(what.sent, userID)
	}
	return s.put(ctx, tx, l, client)
}

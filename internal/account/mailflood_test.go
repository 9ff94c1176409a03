package account_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/mail"
	"github.com/cardea-accounts/cardea/internal/outbox"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/token"
	"github.com/cardea-accounts/cardea/internal/user"
)

// mails lists the messages to an address, the newest first, without decoys.
func mails(t *testing.T, h *house.House, to string) []outbox.Entry {
	t.Helper()
	all, err := h.Outbox.Latest(t.Context(), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(e outbox.Entry) bool { return e.Message.To != to || e.Message.Kind == outbox.Decoy })
}

// kinds tells them apart: those that go at once, and those that wait.
func kinds(t *testing.T, h *house.House, to string) (now, later string) {
	t.Helper()
	var lists [2][]string
	for _, e := range mails(t, h, to) {
		i := 0
		if e.SendAt.After(h.Clock.Now()) {
			i = 1
		}
		lists[i] = append(lists[i], string(e.Message.Kind))
	}
	return strings.Join(lists[0], " "), strings.Join(lists[1], " ")
}

// linkTo returns the token in the newest message of a kind to an address.
func linkTo(t *testing.T, h *house.House, to string, kind mail.Kind) string {
	t.Helper()
	for _, e := range mails(t, h, to) {
		if e.Message.Kind == kind {
			_, token, _ := strings.Cut(e.Message.Link, "#")
			return token
		}
	}
	t.Fatalf("no message %s to %s", kind, to)
	return ""
}

// next lets a moment pass. Of two messages of the same moment, none is the newer one.
func next(h *house.House) { h.Clock.Advance(time.Millisecond) }

// verified registers a user who has confirmed the address.
func verified(t *testing.T, h *house.House, email string) (user.User, token.Token) {
	t.Helper()
	_, tok := h.Register(t, email)
	u, _, err := h.Accounts.Verify(t.Context(), account.Proof{Token: linkTo(t, h, email, mail.Verify)}, nil, guard.Client{})
	if err != nil {
		t.Fatal(err)
	}
	next(h)
	return u, tok
}

func moveTo(t *testing.T, h *house.House, u user.User, email string) {
	t.Helper()
	if err := h.Accounts.ChangeEmail(t.Context(), u, email, from("198.51.100.7")); err != nil {
		t.Fatal(err)
	}
	next(h)
	proof := account.Proof{Token: linkTo(t, h, email, mail.Change)}
	if _, err := h.Accounts.ConfirmEmail(t.Context(), proof, nil, from("198.51.100.7")); err != nil {
		t.Fatal(err)
	}
}

// A thief who floods the mailbox first cannot hide that the address is changed, nor that the account
// is deleted. The old address is told, although it is no longer that of the account.
func TestFloodHidesNoNotice(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true})
	ada, _ := verified(t, h, "ada@example.com")
	for i := range 9 {
		if err := h.Accounts.Forgot(t.Context(), ada.Email, from("203.0.113.%d", i)); err != nil {
			t.Fatal(err)
		}
		next(h)
	}
	moveTo(t, h, ada, "thief@example.com")
	now, later := kinds(t, h, ada.Email)
	next(h)
	if now != "requested reset reset reset reset verify" || later != "address" {
		t.Errorf("at once %q, later %q", now, later)
	}
	if err := h.Accounts.Delete(t.Context(), ada, from("198.51.100.7")); err != nil {
		t.Fatal(err)
	}
	if now, later = kinds(t, h, ada.Email); later != "deleted address" {
		t.Errorf("after the deletion: at once %q, later %q", now, later)
	}
}

// However often a password is changed, few notices are sent. To an address that was never verified,
// none is sent beyond the limit.
func TestNoticesDoNotPileUp(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true, Idle: 99 * time.Hour})
	for email, c := range map[string]struct {
		register   func(*testing.T, *house.House, string) (user.User, token.Token)
		now, later int
	}{
		"ada@example.com": {verified, 6, 1},
		"bob@example.com": {func(t *testing.T, h *house.House, email string) (user.User, token.Token) { return h.Register(t, email) }, 5, 0},
	} {
		_, tok := c.register(t, h, email)
		for range 30 {
			s, err := h.Sessions.Find(t.Context(), tok)
			if err != nil {
				t.Fatal(err)
			}
			var in session.SignIn
			if in, err = h.Accounts.ChangePassword(t.Context(), s, house.Password, house.Password, guard.Client{Session: tok}); err != nil {
				t.Fatal(err)
			}
			tok = in.Session
		}
		now, later := kinds(t, h, email)
		if len(strings.Fields(now)) != c.now || len(strings.Fields(later)) != c.later {
			t.Errorf("%s: at once %q, later %q", email, now, later)
		}
	}
}

// A notice that goes all the same is not reported as withheld.
func TestNoticeThatMustGoIsNotWithheld(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true, Rules: guard.Rules{MailRecipient: guard.Limit{Count: 1, Window: time.Hour}}})
	ada, tok := verified(t, h, "ada@example.com") // its message is the one of the hour
	s, err := h.Sessions.Find(t.Context(), tok)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{false, false, true} { // the first goes at once, the second later
		next := account.Password([]string{"first pass phrase", "second pass phrase", "third pass phrase"}[i])
		current := account.Password([]string{house.Password, "first pass phrase", "second pass phrase"}[i])
		in, err := h.Accounts.ChangePassword(t.Context(), s, current, next, guard.Client{Session: tok})
		if err != nil {
			t.Fatal(err)
		}
		if tok = in.Session; slices.Contains(h.Events(t, ada.ID), guard.EventMailWithheld) != want {
			t.Errorf("after change %d: events %v", i+1, h.Events(t, ada.ID))
		}
		if s, err = h.Sessions.Find(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
	}
}

// While a change of address can be undone, nobody else gets the old address. Then it is free.
func TestOldAddressIsKept(t *testing.T) {
	register := func(h *house.House) error {
		_, _, err := h.Accounts.Register(t.Context(), account.Registration{Name: "Eve", Email: "ADA@example.com", Password: house.Password}, guard.Client{})
		return err
	}
	h := house.New(t, house.Options{})
	ada, _ := verified(t, h, "ada@example.com")
	moveTo(t, h, ada, "thief@example.com")
	if err := register(h); !errors.Is(err, account.ErrEmailTaken) {
		t.Errorf("the old address can be registered: %v", err)
	}
	eve, _ := h.Register(t, "eve@example.com")
	if err := h.Accounts.ChangeEmail(t.Context(), eve, ada.Email, guard.Client{}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Accounts.ConfirmEmail(t.Context(), account.Proof{Token: linkTo(t, h, ada.Email, mail.Change)}, nil, guard.Client{}); !errors.Is(err, account.ErrEmailTaken) {
		t.Errorf("the old address can be taken: %v", err)
	}
	undo := linkTo(t, h, ada.Email, mail.Address)
	if err := h.Accounts.Undo(t.Context(), undo, guard.Client{}); err != nil {
		t.Errorf("undo: %v", err)
	}

	h = house.New(t, house.Options{})
	ada, _ = verified(t, h, "ada@example.com")
	moveTo(t, h, ada, "new@example.com")
	h.Clock.Advance(7 * 24 * time.Hour)
	if err := register(h); err != nil {
		t.Errorf("after a week: %v", err)
	}
}

// The same, where a registration does not say whether an address is taken.
func TestOldAddressIsKeptQuietly(t *testing.T) {
	h := house.New(t, house.Options{VerifiesFirst: true})
	ada, _ := verified(t, h, "ada@example.com")
	moveTo(t, h, ada, "thief@example.com")
	before := len(mails(t, h, ada.Email))
	if _, _, err := h.Accounts.Register(t.Context(), account.Registration{Name: "Eve", Email: ada.Email, Password: house.Password}, guard.Client{}); err != nil {
		t.Fatal(err)
	}
	if n := len(mails(t, h, ada.Email)) - before; n != 0 {
		t.Errorf("%d messages", n)
	}
	if err := h.Accounts.Undo(t.Context(), linkTo(t, h, ada.Email, mail.Address), guard.Client{}); err != nil {
		t.Errorf("undo: %v", err)
	}
}

// Strangers who ask for codes to sign in, or register an address again and again, leave its user a
// message to set a new password.
func TestStrangersLeaveAReset(t *testing.T) {
	for what, c := range map[string]struct {
		verifiesFirst bool
		ask           func(h *house.House, i int) error
	}{
		"codes": {false, func(h *house.House, i int) error {
			return h.Accounts.SendLogin(t.Context(), "ada@example.com", from("203.0.113.%d", i))
		}},
		"registrations": {true, func(h *house.House, i int) error {
			_, _, err := h.Accounts.Register(t.Context(), account.Registration{Name: "Eve", Email: "ada@example.com", Password: house.Password}, from("203.0.113.%d", i))
			return err
		}},
	} {
		t.Run(what, func(t *testing.T) {
			h := house.New(t, house.Options{Throttled: true, VerifiesFirst: c.verifiesFirst})
			verified(t, h, "ada@example.com")
			for i := range 9 {
				if err := c.ask(h, i); err != nil {
					t.Fatal(err)
				}
				next(h)
			}
			if err := h.Accounts.Forgot(t.Context(), "ada@example.com", from("192.0.2.1")); err != nil {
				t.Fatal(err)
			}
			now, _ := kinds(t, h, "ada@example.com")
			if !strings.HasPrefix(now, "reset ") || len(strings.Fields(now)) > 5 {
				t.Errorf("the user gets %q", now)
			}
			if n := strings.Count(now, "taken"); what == "registrations" && n != 1 {
				t.Errorf("%d times told that an account exists", n)
			}
		})
	}
}

// Who asks for mail to addresses that nobody has uses up no mail of others.
func TestMailToNobody(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true, Rules: guard.Rules{MailTotal: guard.Limit{Count: 20, Window: time.Hour}}})
	ada, _ := h.Register(t, "ada@example.com")
	next(h)
	for i := range 50 {
		if err := h.Accounts.Forgot(t.Context(), "nobody@example.com", from("203.0.113.%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Accounts.Forgot(t.Context(), ada.Email, from("192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	if now, _ := kinds(t, h, ada.Email); now != "reset verify" {
		t.Errorf("the user gets %q", now)
	}
}

// A code to sign in works in one browser, so asking from another does not end it.
func TestStrangersEndNoCode(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	mine, other := guard.Client{Browser: token.New()}, guard.Client{Browser: token.New()}
	next(h)
	if err := h.Accounts.SendLogin(t.Context(), ada.Email, mine); err != nil {
		t.Fatal(err)
	}
	code := mails(t, h, ada.Email)[0].Message.Code
	next(h)
	if err := h.Accounts.SendLogin(t.Context(), ada.Email, other); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Accounts.LoginByMail(t.Context(), account.Proof{Code: code}, mine); err != nil {
		t.Errorf("the code does not work: %v", err)
	}
}

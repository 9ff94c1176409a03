// Package mail composes the messages that Cardea sends: a subject, a letter as plain
// text, and the same as HTML. It sends nothing; package smtp does.
package mail

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/words"
)

// Kind says what a message is for.
type Kind string

// The kinds of messages.
const (
	Verify    Kind = "verify"    // confirms the address of an account, at registration and later
	Reset     Kind = "reset"     // leads to a new password
	Change    Kind = "change"    // to a new address, which it confirms
	Login     Kind = "login"     // signs in by a code
	Device    Kind = "device"    // tells of a sign-in from a device never seen before
	Password  Kind = "password"  // tells of a changed password, with a link to undo it
	Requested Kind = "requested" // tells the old address that a change of address was asked for
	Address   Kind = "address"   // tells the old address of the change, with a link to undo it
	Deleted   Kind = "deleted"   // tells of a deleted account
	Taken     Kind = "taken"     // tells the owner of an account that somebody tried to register it
	Undone    Kind = "undone"    // leads to a new password after a change was undone
	Test      Kind = "test"      // shows an operator that mail works
)

// shape is what messages of a kind have beside their texts.
type shape struct {
	purpose  string
	link     bool // required
	code     bool // allowed
	greeted  bool // by name; never if the address may belong to somebody else
	device   bool // says which device, if known
	happened bool // says when
}

var shapes = map[Kind]shape{
	Verify:    {purpose: "verify", link: true, code: true},
	Reset:     {purpose: "reset", link: true, code: true, greeted: true},
	Change:    {purpose: "change", link: true, code: true},
	Login:     {purpose: "login", link: true, code: true, greeted: true},
	Device:    {purpose: "notice", link: true, greeted: true, device: true, happened: true},
	Password:  {purpose: "notice", link: true, greeted: true, device: true, happened: true},
	Requested: {purpose: "notice", link: true, greeted: true, device: true, happened: true},
	Address:   {purpose: "notice", link: true, greeted: true, device: true, happened: true},
	Deleted:   {purpose: "notice", greeted: true, happened: true},
	Taken:     {purpose: "taken", link: true},
	Undone:    {purpose: "reset", link: true, code: true, greeted: true},
	Test:      {purpose: "notice", happened: true},
}

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{Verify, Reset, Change, Login, Device, Password, Requested, Address, Deleted, Taken, Undone, Test}
}

// Purpose is the kind in the words of the development mailbox: verify, reset, change,
// login, notice or taken.
func (k Kind) Purpose() string { return shapes[k].purpose }

// Message is what a mail says, before it is put into words. As JSON it can wait in an
// outbox: Link and Code stay out of it, because they are secrets. Whoever sends the
// message sets them.
type Message struct {
	Kind     Kind   `json:"kind"`
	To       string `json:"to"`             // a bare address
	Language string `json:"language"`       // a tag or an Accept-Language header
	Name     string `json:"name,omitempty"` // of the user; leave it empty for an unconfirmed address
	Site     string `json:"site,omitempty"` // where it was caused; shown if the app has no public URL
	Browser  string `json:"browser,omitempty"`
	System   string `json:"system,omitempty"`

	Time     time.Time     `json:"time"`               // when it happened or was asked for
	Lifetime time.Duration `json:"lifetime,omitempty"` // of link and code, from Time on

	Link string `json:"-"` // absolute, with its token
	Code string `json:"-"` // eight characters, without a hyphen
}

// Mail is a composed message.
type Mail struct {
	Language string // its tag
	Subject  string
	Text     string // lines end with \n
	HTML     string
}

// App is the program that mails speak for.
type App struct {
	Name string
	URL  string // its public URL; empty: none is set
}

// Composer puts messages into words. It is safe for concurrent use.
type Composer struct {
	app       App
	book      *words.Book
	templates templates
}

// ErrMessage reports a message that lacks what its kind needs, or has what it must not.
var ErrMessage = errors.New("mail: invalid message")

// Compose writes a message in the language that suits its reader best.
func (c *Composer) Compose(m Message) (Mail, error) {
	s, ok := shapes[m.Kind]
	switch {
	case !ok:
		return Mail{}, fmt.Errorf("%w: unknown kind %q", ErrMessage, m.Kind)
	case s.link != (m.Link != ""):
		return Mail{}, fmt.Errorf("%w: %s with link: %t", ErrMessage, m.Kind, m.Link != "")
	case !s.code && m.Code != "":
		return Mail{}, fmt.Errorf("%w: %s with a code", ErrMessage, m.Kind)
	}
	app := c.app
	if app.URL == "" {
		app.URL = m.Site
	}
	w := writer{Message: m, shape: s, app: app, language: c.book.Match(m.Language)}
	letter := w.letter()
	if w.err != nil {
		return Mail{}, fmt.Errorf("mail: %s in %s: %w", m.Kind, w.language.Tag(), w.err)
	}
	plain, html, err := c.templates.execute(letter)
	if err != nil {
		return Mail{}, err
	}
	return Mail{Language: letter.Language, Subject: letter.Subject, Text: plain, HTML: html}, nil
}

// greetable reports whether a name may stand in a mail. A name with an address in it, or
// with something that mail programs turn into a link, could carry a stranger's
// advertisement to anybody's mailbox.
func greetable(name string) bool {
	if name == "" || strings.ContainsAny(name, "/\\@:<>") {
		return false
	}
	for _, word := range strings.Fields(name) {
		if i := strings.IndexAny(word, ".。．｡"); i >= 0 && i < len(strings.TrimRight(word, ".。．｡")) {
			return false // a dot within a word, as in example.com
		}
	}
	return true
}

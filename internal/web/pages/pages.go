// Package pages holds what people see in a browser: the HTML pages and the files
// that they link to. There is a file for each page, and its template in html/.
//
// A page with a form has two actions: one shows it, the other takes what was typed and
// calls the same use case as the JSON action. view.go has what all pages share, form.go
// what all forms share. The account page has several forms, see account.go. Texts come
// from package words.
package pages

import (
	"embed"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/colour"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/outbox"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/words"
)

//go:embed html/*.html static/*
var files embed.FS

// Owners are the owners of state, whose use cases the pages call. All are required.
type Owners struct {
	Accounts *account.Service
	Sessions *session.Service
	Pictures *media.Pictures
	Avatars  *media.Avatars
	Mailbox  outbox.Mailbox // for development
}

// Looks are what an operator can change about the pages.
type Looks struct {
	Words           *words.Book
	AppName         string
	Templates       Templates // nil: the embedded ones
	Logo            Logo
	Accent          *colour.Colour // nil: that of the style sheet
	SecurityContact string         // an https or mailto address; empty: none
	Terms, Privacy  string         // addresses; empty: none
	Off             bool           // the app has pages of its own
	NoDocs          bool           // the contract is not shown
}

// Pages holds the actions that answer with a page. Each is a [wire.Action].
type Pages struct {
	owners         Owners
	looks          Looks
	assets         assets
	uploadMaxBytes int64
}

// New returns the pages. A picture may have at most uploadMaxBytes.
func New(owners Owners, looks Looks, uploadMaxBytes int64) *Pages {
	return &Pages{owners, looks, newAssets(looks), uploadMaxBytes}
}

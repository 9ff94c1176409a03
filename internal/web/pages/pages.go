// Package pages holds what people see in a browser: the HTML pages and the files
// that they link to. There is a file for each page, and its template in html/.
//
// A page with a form has two actions: one shows it, the other takes what was typed and
// calls the same use case as the JSON action. view.go has what all pages share, form.go
// what all forms share. Texts come from package words.
package pages

import (
	"embed"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/outbox"
	"github.com/cardea-accounts/cardea/internal/words"
)

//go:embed html/*.html static/*
var files embed.FS

// Owners are the owners of state, whose use cases the pages call. All are required.
type Owners struct {
	Accounts *account.Service
	Avatars  *media.Avatars
	Mailbox  outbox.Mailbox // for development
}

// Looks are what an operator can change about the pages.
type Looks struct {
	Words   *words.Book
	AppName string
}

// Pages holds the actions that answer with a page. Each is a [wire.Action].
type Pages struct {
	owners Owners
	looks  Looks
}

// New returns the pages.
func New(owners Owners, looks Looks) *Pages { return &Pages{owners, looks} }

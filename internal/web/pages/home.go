package pages

import (
	"net/http"

	"github.com/cardea-accounts/cardea/internal/user"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

var homePage = newPage("home.html")

// Home leads to the account, to the sign-in and to the registration.
func (p *Pages) Home(r *wire.Request) error {
	return p.show(r, http.StatusOK, homePage, p.view(r))
}

// HasDocs reports whether the server shows its contract.
func (v *view) HasDocs() bool { return !v.pages.looks.NoDocs }

// avatar is the address of a user's avatar below the root, large enough for any screen at 96
// pixels a side. It is relative because it has to be of the page's own origin.
func (p *Pages) avatar(u user.User) string {
	path := p.owners.Avatars.Path(u)
	switch {
	case u.Picture == nil:
		return path + "?size=256"
	case u.Picture.CropsVersion == "":
		return path + "?v=" + u.Picture.Version
	}
	return path + "?size=256&v=" + u.Picture.CropsVersion
}

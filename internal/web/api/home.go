package api

import (
	"net/http"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// Home says who is signed in, in the form of the source document.
func (a *API) Home(r *wire.Request) error {
	if r.Session == nil {
		return guard.ErrNotLoggedIn
	}
	type nameAndEmail struct {
		Name  string `json:"name"`
		Email string `json:"email"`
	}
	r.JSON(http.StatusOK, struct {
		wire.Envelope
		User nameAndEmail `json:"user"`
	}{wire.Success(""), nameAndEmail{r.Session.User.Name, r.Session.User.Email}})
	return nil
}

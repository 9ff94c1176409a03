package api

import (
	"net/http"

	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// DeleteUser deletes the user's own account.
func (a *API) DeleteUser(r *wire.Request) error {
	if err := a.owners.Accounts.Delete(r.Context(), r.Session.User, r.Client()); err != nil {
		return err
	}
	r.ClearSession()
	r.JSON(http.StatusOK, wire.Success("Your account was deleted."))
	return nil
}

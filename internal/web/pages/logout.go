package pages

import (
	"cmp"
	"net/http"

	"github.com/cardea-accounts/cardea/internal/web/wire"
)

var logoutPage = newPage("logout.html")

// Logout asks whether to sign out or, after that, says what happened.
func (p *Pages) Logout(r *wire.Request) error {
	v := p.view(r)
	switch {
	case r.Session != nil:
	case r.Query().Has("deleted") && r.HasOutcome("deleted"):
		v.Stage = "deleted"
	default:
		v.Stage = "done"
	}
	return p.show(r, http.StatusOK, logoutPage, v)
}

// SubmitLogout signs out. It succeeds without a session too.
func (p *Pages) SubmitLogout(r *wire.Request) error {
	if err := p.owners.Sessions.Logout(r.Context(), r.Client()); err != nil {
		return err
	}
	r.DropNote()
	r.ClearSession()
	r.SeeOther(cmp.Or(r.Next(), "logout"))
	return nil
}

package pages

import (
	"net/http"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/challenge"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

var resetPage = newPage("reset.html")

// Reset asks for a new password or, after that, leads to the sign-in.
func (p *Pages) Reset(r *wire.Request) error {
	v := p.view(r)
	v.Typed["email"] = v.Address
	if r.Query().Has("done") && r.HasOutcome("reset") {
		v.Stage = "done"
	}
	return p.show(r, http.StatusOK, resetPage, v)
}

// SubmitReset sets the new password.
func (p *Pages) SubmitReset(r *wire.Request) error {
	form, err := r.Form()
	if err != nil {
		return err
	}
	r.RecallNext()
	err = p.owners.Accounts.ResetPassword(r.Context(), account.Reset{
		Token: form["token"], Email: form["email"], Code: form["code"], Password: account.Password(form["new_password"]),
	}, r.Client())
	if err != nil {
		return p.again(r, resetPage, form, err, func(v *view) {
			if codeOf(err) == challenge.ErrInvalid.Code {
				v.refuseProof()
			}
		})
	}
	r.DropNote()
	r.SeeOutcome("reset", r.WithNext("reset?done"))
	return nil
}

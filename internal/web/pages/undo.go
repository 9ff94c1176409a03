package pages

import (
	"net/http"
	"strings"

	"github.com/cardea-accounts/cardea/internal/challenge"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

var undoPage = newPage("undo.html")

// Undo asks whether a change was not the user's or, after that, says what happened.
func (p *Pages) Undo(r *wire.Request) error {
	v := p.view(r)
	if r.Query().Has("done") && r.HasOutcome("undo") {
		v.Stage = "done"
	}
	return p.show(r, http.StatusOK, undoPage, v)
}

// SubmitUndo takes the change back. The message has no code, so without script the whole
// link is pasted.
func (p *Pages) SubmitUndo(r *wire.Request) error {
	form, err := r.Form()
	if err != nil {
		return err
	}
	token := form["token"]
	if link := strings.TrimSpace(form["link"]); token == "" {
		token = link[strings.LastIndexByte(link, '#')+1:]
	}
	if err := p.owners.Accounts.Undo(r.Context(), token, r.Client()); err != nil {
		return p.again(r, undoPage, form, err, func(v *view) {
			if codeOf(err) == challenge.ErrInvalid.Code {
				v.refuseProof()
			}
		})
	}
	r.SeeOutcome("undo", "undo?done")
	return nil
}

package api

import (
	"net/http"
	"strings"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// mailJSON is a message in the development mailbox.
type mailJSON struct {
	ID        string  `json:"id"`
	To        string  `json:"to"`
	Subject   string  `json:"subject"`
	Text      string  `json:"text"`
	HTML      string  `json:"html"`
	Purpose   string  `json:"purpose"`
	Link      *string `json:"link"`
	Code      *string `json:"code"`
	CreatedAt string  `json:"created_at"`
}

// Mailbox lists the messages that were or would be sent, for tests of apps.
func (a *API) Mailbox(r *wire.Request) error {
	var wanted func(string) bool
	if to := account.EmailKey(r.Query().Get("to")); to != "" {
		wanted = func(address string) bool { return account.EmailKey(address) == to }
	}
	posts, err := a.owners.Mailbox.Latest(r.Context(), wanted)
	if err != nil {
		return err
	}
	messages := make([]mailJSON, len(posts))
	for i, p := range posts {
		messages[i] = mailJSON{
			ID: p.ID, To: p.Message.To, Subject: p.Subject, Text: p.Text, HTML: p.HTML, Purpose: p.Message.Kind.Purpose(),
			Link: orNull(p.Message.Link), Code: orNull(p.Message.Code), CreatedAt: rfc3339(p.CreatedAt),
		}
	}
	r.JSON(http.StatusOK, struct {
		Messages []mailJSON `json:"messages"`
	}{messages})
	return nil
}

// orNull is nil for an empty text.
func orNull(s string) *string {
	if strings.TrimSpace(s) == "" {
		return nil
	}
	return &s
}

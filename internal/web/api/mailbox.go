package api

import (
	"net/http"
	"strings"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/outbox"
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

// mostMail is how many messages the mailbox shows.
const mostMail = 200

// Mailbox lists the messages that were or would be sent, for tests of apps.
func (a *API) Mailbox(r *wire.Request) error {
	entries, err := a.owners.Outbox.Latest(r.Context(), mostMail)
	if err != nil {
		return err
	}
	to := r.HTTP.URL.Query().Get("to")
	messages := []mailJSON{}
	for _, e := range entries {
		if e.Err != nil || e.GaveUp || e.Kind == string(outbox.Decoy) || to != "" && account.EmailKey(e.Message.To) != account.EmailKey(to) {
			continue
		}
		composed, err := a.owners.Composer.Compose(e.Message)
		if err != nil {
			return err
		}
		messages = append(messages, mailJSON{
			ID: e.ID, To: e.Message.To, Subject: composed.Subject, Text: composed.Text, HTML: composed.HTML, Purpose: e.Message.Kind.Purpose(),
			Link: orNull(e.Message.Link), Code: orNull(e.Message.Code), CreatedAt: rfc3339(e.CreatedAt),
		})
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

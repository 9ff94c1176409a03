package pages

import (
	"net/http"
	"strings"

	"github.com/cardea-accounts/cardea/internal/outbox"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

var (
	mailboxPage = newPage("mailbox.html")
	mailPage    = newPage("mail.html")
)

// Mailbox lists the messages that were or would be sent, for development. Like the page of
// the calls it is for developers, and in English.
func (p *Pages) Mailbox(r *wire.Request) error {
	posts, err := p.owners.Mailbox.Latest(r.Context(), nil)
	if err != nil {
		return err
	}
	v := p.developerView(r)
	v.More = posts
	return p.show(r, http.StatusOK, mailboxPage, v)
}

// Mail shows one message.
func (p *Pages) Mail(r *wire.Request) error {
	post, err := p.post(r)
	if err != nil {
		return err
	}
	v := p.developerView(r)
	v.More = post
	return p.show(r, http.StatusOK, mailPage, v)
}

// MailHTML is the HTML of a message, for a frame. Its links open in a new tab: inside the
// frame, no page of ours would show.
func (p *Pages) MailHTML(r *wire.Request) error {
	post, err := p.post(r)
	if err != nil {
		return err
	}
	r.AsMail()
	_, _ = r.Write([]byte(strings.Replace(post.HTML, "<head>", `<head><base target="_blank">`, 1)))
	return nil
}

func (p *Pages) post(r *wire.Request) (outbox.Post, error) {
	post, found, err := p.owners.Mailbox.Find(r.Context(), r.HTTP.PathValue("id"))
	if err == nil && !found {
		err = wire.ErrNoRoute
	}
	return post, err
}

func (p *Pages) developerView(r *wire.Request) *view {
	v := p.view(r)
	v.language = p.looks.Words.Match("en")
	return v
}

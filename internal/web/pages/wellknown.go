package pages

import (
	"net/http"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// ChangePassword leads password managers to where a password is changed
// (https://w3c.github.io/webappsec-change-password-url/).
func (p *Pages) ChangePassword(r *wire.Request) error {
	r.Header().Set("Location", "../account#password")
	r.WriteHeader(http.StatusFound)
	return nil
}

// securityTxtLife is how long a copy of security.txt counts. RFC 9116 section 2.5.5
// recommends less than a year.
const securityTxtLife = 180 * 24 * time.Hour

// SecurityTxt says whom to tell of a weakness (RFC 9116), if the operator names somebody.
func (p *Pages) SecurityTxt(r *wire.Request) error {
	contact := p.looks.SecurityContact
	if contact == "" {
		return wire.ErrNoRoute
	}
	languages := strings.Join(p.looks.Words.Languages(), ", ")
	expires := r.Now.UTC().Add(securityTxtLife).Truncate(24 * time.Hour).Format(time.RFC3339)
	r.Header().Set("Content-Type", "text/plain; charset=utf-8")
	r.CacheBriefly()
	_, _ = r.Write([]byte("Contact: " + contact + "\nExpires: " + expires + "\nPreferred-Languages: " + languages + "\n")) // an error means that the client is gone
	return nil
}

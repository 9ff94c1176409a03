// Package guard has what all use cases share to protect users: the sender of a request
// ([Client]), the public [Error], audit events ([Audit]), limits on attempts ([Limits]),
// and the devices that users have signed in from ([Devices]).
package guard

import (
	"net/netip"

	"github.com/cardea-accounts/cardea/internal/token"
)

// Client is the sender of a request. The zero Client is an operator's command.
type Client struct {
	IP        netip.Addr
	UserAgent string
	Session   token.Token // presented with the request; empty if none
	RequestID string      // names the request in the log

	OtherSessions []token.Token // presented beside Session
	Devices       []Device      // presented with the request
}

// Sessions lists all sessions that were presented.
func (c Client) Sessions() []token.Token {
	if c.Session == "" {
		return nil
	}
	return append([]token.Token{c.Session}, c.OtherSessions...)
}

// Address returns the client's address for records; empty if it has none.
func (c Client) Address() string {
	if !c.IP.IsValid() {
		return ""
	}
	return c.IP.String()
}

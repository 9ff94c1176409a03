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
	FlaskCookies  []token.Token // presented; not verified yet
	Devices       []Device      // presented with the request

	Browser  token.Token // names a browser that asked for mail; empty if none
	Language string      // that the browser prefers, as a tag; empty if it does not say
	Links    string      // the address that links in mails begin with, without a slash at its end
}

// Anonymous returns the client without its address, for the events of a user who is deleted.
func (c Client) Anonymous() Client {
	c.IP = netip.Addr{}
	return c
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

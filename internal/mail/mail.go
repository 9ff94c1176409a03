package mail

import "time"

// Kind is which message it is.
type Kind string

// The kinds.
const (
	None            Kind = "none" // nothing is sent; a decoy, see package account
	Verify          Kind = "verify"
	Reset           Kind = "reset"
	Change          Kind = "change"
	Login           Kind = "login"
	Taken           Kind = "taken"
	NewDevice       Kind = "new_device"
	PasswordChanged Kind = "password_changed"
	EmailChanged    Kind = "email_changed"
	Deleted         Kind = "deleted"
)

// Message is what a message says.
type Message struct {
	Kind     Kind
	Language string
	Name     string
	Email    string
	NewEmail string
	Link     string
	Code     string
	Address  string
	Device   string
	At       time.Time
}

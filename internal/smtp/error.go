package smtp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"

	"github.com/cardea-accounts/cardea/internal/text"
)

// Fault says what to do with a mail that was not sent.
type Fault int

// The faults.
const (
	// Temporary: the server or the network cannot now. Send it again later.
	Temporary Fault = iota + 1
	// Permanent: this mail will never be accepted. Give it up.
	Permanent
	// Setup: the server refuses all mail until an operator changes something, such as a
	// password or a certificate. Tell the operator and send the mail again later.
	Setup
)

func (f Fault) String() string {
	return [...]string{"sent", "temporary", "permanent", "setup"}[f]
}

// Error says why a mail was not sent.
type Error struct {
	Fault Fault
	Step  string // what failed: connect, STARTTLS, sign in, MAIL, RCPT, DATA, message
	Code  int    // of the server's reply; 0: there was none
	Reply string // the server's words, or those of the network, in one line
	Hint  string // what to change; empty: nothing
	err   error
}

// longestReply is how much of a server's reply is kept, in bytes.
const longestReply = 500

func (e *Error) Error() string {
	s := fmt.Sprintf("mail server, at %s: ", e.Step)
	if e.Code != 0 {
		s += fmt.Sprintf("%d ", e.Code)
	}
	s += e.Reply
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.err }

// failed turns the error of a step into an [*Error].
func failed(step string, err error) *Error {
	e := &Error{Fault: Temporary, Step: step, Reply: oneLine(err.Error()), err: err}
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		e.Code, e.Reply = reply.Code, oneLine(reply.Msg)
		e.judge()
		return e
	}
	switch {
	case isCertificate(err):
		e.Fault, e.Hint = Setup, "use the host name that the server's certificate has, in CARDEA_SMTP_URL, or replace the certificate by one that this machine trusts"
	case isNotTLS(err):
		e.Fault, e.Hint = Setup, "the server does not answer in TLS; smtps:// is for port 465, smtp:// for 587 and 25"
	case isUnknownHost(err):
		e.Fault, e.Hint = Setup, "correct the host name in CARDEA_SMTP_URL"
	}
	return e
}

// judge decides by step and code of a server's reply (RFC 5321, section 4.2). A code of
// the class 5 is permanent. Before the recipient was named, it is for all mail.
func (e *Error) judge() {
	if e.Code < 500 {
		return
	}
	switch {
	case e.Step == stepSignIn || e.Code == 534 || e.Code == 535 || e.Code == 538: // RFC 4954, section 6
		e.Fault, e.Hint = Setup, "check the user name in CARDEA_SMTP_URL and the file CARDEA_SMTP_PASSWORD_FILE"
	case e.Code == 530: // RFC 4954, section 6; RFC 3207, section 4
		e.Fault, e.Hint = Setup, "the server wants a user name, or TLS; correct CARDEA_SMTP_URL"
	case e.Step == stepMail:
		e.Fault, e.Hint = Setup, "the server does not take mail from this sender; check CARDEA_MAIL_FROM"
	case e.Step == stepRcpt || e.Step == stepData || e.Step == stepMessage:
		e.Fault = Permanent
	default:
		e.Fault, e.Hint = Setup, "check CARDEA_SMTP_URL, and that the server takes mail from this machine"
	}
}

func isCertificate(err error) bool {
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	_, hostname := errors.AsType[x509.HostnameError](err)
	return verification || hostname
}

func isNotTLS(err error) bool {
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok
}

func isUnknownHost(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}

func oneLine(s string) string {
	return text.Printable(strings.Join(strings.Fields(s), " "), longestReply)
}

// ConcernsAll reports whether no other mail could be sent now either: the server cannot be
// reached, or refuses before a recipient is named.
func (e *Error) ConcernsAll() bool {
	switch e.Step {
	case stepConnect, stepStartTLS, stepSignIn, stepMail:
		return true
	}
	return e.Fault == Setup || e.Code == codeClosing
}

// Package smtp sends mail by a mail server, and says of each mail that was not sent
// whether another attempt makes sense.
package smtp

import (
	"context"
	"crypto/x509"
	"net/mail"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// The steps that errors name.
const (
	stepConnect  = "connect"
	stepStartTLS = "STARTTLS"
	stepSignIn   = "sign in"
	stepMail     = "MAIL"
	stepRcpt     = "RCPT"
	stepData     = "DATA"
	stepMessage  = "message"
)

// Time-outs. RFC 5321, section 4.5.3.2, asks for 5 and 10 minutes at least, for servers
// of the year 1989. The last is longer: if the server has taken the message and we do not
// wait for its reply, the recipient gets it twice.
const (
	StepTimeout  = time.Minute
	FinalTimeout = 5 * time.Minute
)

const (
	// mostReplies is how many bytes a server may send in one step, certificates included.
	mostReplies = 256 << 10
	// mostMessages is how many messages one connection carries. Postfix and others
	// disconnect clients that send hundreds.
	mostMessages = 100
	// longestIdle is how long an idle connection is used again. Servers close theirs
	// after 5 minutes (RFC 5321, section 4.5.3.2.7), some sooner.
	longestIdle = 30 * time.Second
)

// Replies of servers (RFC 5321, section 4.2.3).
const (
	codeClosing = 421
	codeNoUTF8  = 550 // as RFC 6531, section 3.5, has it for a recipient
)

// Config configures a [Sender].
type Config struct {
	Server Server
	From   mail.Address
	// Password returns the password, or the token for XOAUTH2. It is asked at every
	// connection, because tokens expire. It may be nil if Server has no user.
	Password func() (string, error)
	// Hello is the name of this machine for the server. Default: its host name.
	Hello string

	StepTimeout, FinalTimeout time.Duration  // default: the constants
	RootCAs                   *x509.CertPool // default: those of the operating system
}

// Sender sends messages, one at a time, over one connection that it keeps for the next.
// It is safe for concurrent use. To send faster, use several.
type Sender struct {
	config Config

	mu      sync.Mutex
	client  *smtp.Client // nil: not connected
	conn    *conn
	carried int
	lastUse time.Time
}

// New returns a sender. It does not connect yet.
func New(c Config) *Sender {
	if c.StepTimeout == 0 {
		c.StepTimeout = StepTimeout
	}
	if c.FinalTimeout == 0 {
		c.FinalTimeout = FinalTimeout
	}
	if c.Hello == "" {
		c.Hello = hostName()
	}
	return &Sender{config: c}
}

// hostName returns this machine's name if it can stand in EHLO.
func hostName() string {
	name, err := os.Hostname()
	if err != nil || name == "" || strings.ContainsFunc(name, isNoToken) {
		return "localhost"
	}
	return name
}

// Send sends a message and returns the server's reply. If the message was not sent, the
// error is an [*Error]. If the connection breaks after the message and before the reply,
// nobody knows whether it was sent: the error is temporary, and the next attempt has the
// same Message-ID.
//
// When ctx ends, the connection is closed and the error is temporary.
func (s *Sender) Send(ctx context.Context, m Message) (reply string, err error) {
	from, err := deliverable(s.config.From.Address)
	if err != nil {
		return "", refused("the sender is " + err.Error())
	}
	from.Name = s.config.From.Name
	to, err := deliverable(m.To)
	if err != nil {
		return "", refused("the recipient is " + err.Error())
	}
	content, err := m.mime(from, to)
	if err != nil {
		return "", err
	}
	from.Name = ""

	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		isReused := s.isUsable()
		reply, fault := s.attempt(ctx, from.String(), to.String(), content)
		if fault == nil {
			return reply, nil
		}
		// The server may have closed the connection since the last message.
		if !isReused || s.client != nil || fault.Step != stepMail || ctx.Err() != nil {
			return "", fault
		}
	}
}

// attempt sends a message over the open connection, or over a new one. After a fault the
// connection stays open if it can be used again.
func (s *Sender) attempt(ctx context.Context, from, to string, content []byte) (string, *Error) {
	if !s.isUsable() {
		s.disconnect()
		if fault := s.connect(ctx); fault != nil {
			s.drop()
			return "", interrupted(ctx, fault)
		}
	}
	stop := s.conn.closeAtEnd(ctx)
	defer stop()
	reply, fault := s.transfer(from, to, content)
	s.carried++
	s.lastUse = time.Now()
	if fault == nil {
		return reply, nil
	}
	s.conn.step(s.config.StepTimeout)
	if fault.Code == 0 || fault.Code == codeClosing || s.client.Reset() != nil {
		s.drop()
	}
	return "", interrupted(ctx, fault)
}

// interrupted says so if the caller's context ended, rather than what followed from it.
func interrupted(ctx context.Context, fault *Error) *Error {
	if err := ctx.Err(); err != nil {
		return &Error{Fault: Temporary, Step: fault.Step, Reply: oneLine(err.Error()), err: err}
	}
	return fault
}

// transfer sends one message over the open connection.
func (s *Sender) transfer(from, to string, content []byte) (string, *Error) {
	c := s.client
	needsUTF8 := !isASCII(from + to)
	if hasUTF8, _ := c.Extension("SMTPUTF8"); needsUTF8 && !hasUTF8 {
		return "", &Error{Fault: Permanent, Step: stepRcpt, Code: codeNoUTF8, Reply: "the server takes no addresses with letters outside of ASCII (SMTPUTF8)"}
	}
	c.SkipSMTPUTF8(!needsUTF8)
	s.conn.step(s.config.StepTimeout)
	if err := c.Mail(from); err != nil {
		return "", failed(stepMail, err)
	}
	s.conn.step(s.config.StepTimeout)
	if err := c.Rcpt(to); err != nil {
		return "", failed(stepRcpt, err)
	}
	s.conn.step(s.config.StepTimeout)
	w, err := c.Data()
	if err != nil {
		return "", failed(stepData, err)
	}
	s.conn.step(s.config.StepTimeout)
	if _, err := w.Write(content); err != nil {
		return "", failed(stepMessage, err)
	}
	s.conn.step(s.config.FinalTimeout)
	if err := w.Close(); err != nil {
		return "", failed(stepMessage, err)
	}
	if data, ok := w.(*smtp.DataCloser); ok {
		return oneLine(data.ServerResponse()), nil
	}
	return "", nil
}

// Close ends the connection. The sender can be used again.
func (s *Sender) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disconnect()
}

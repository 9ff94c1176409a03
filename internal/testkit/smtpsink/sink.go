// Package smtpsink runs a real SMTP server for tests. It keeps the messages that it
// takes, and can be slow, refuse, greylist and hang up.
package smtpsink

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// Options say what a server offers.
type Options struct {
	StartTLS bool     // with a certificate for Host
	Implicit bool     // TLS from the first byte on
	Host     string   // in the certificate; default: 127.0.0.1
	UTF8     bool     // SMTPUTF8
	User     string   // who may send; empty: everybody
	Password string   // or the token for XOAUTH2
	Auth     []string // mechanisms: PLAIN, LOGIN, CRAM-MD5, XOAUTH2; default: PLAIN
	Answer   Answer   // nil: everything is taken
}

// Step is where a server may answer otherwise.
type Step string

// The steps of a delivery.
const (
	Hello Step = "hello" // after EHLO; the address is empty
	Mail  Step = "mail"  // the address is the sender's
	Rcpt  Step = "rcpt"  // here and below, it is the recipient's
	Data  Step = "data"  // in the middle of the message
	Taken Step = "taken" // after the message was kept, before the reply
)

// Answer decides what the server says in a step. A nil error goes on. It may block, which
// makes a slow server. It is called by several goroutines.
type Answer func(step Step, address string) error

// ErrHangUp makes the server close the connection without a reply.
var ErrHangUp = errors.New("hang up")

// Refuse makes the server refuse with a reply.
func Refuse(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 7, 1}, Message: text}
}

// Greylist refuses the first attempt for each recipient.
func Greylist() Answer {
	var mu sync.Mutex
	seen := map[string]bool{}
	return func(step Step, address string) error {
		mu.Lock()
		defer mu.Unlock()
		if step != Rcpt || seen[address] {
			return nil
		}
		seen[address] = true
		return Refuse(451, "greylisted, try again later")
	}
}

// Sink is a running server.
type Sink struct {
	Address string         // host and port
	RootCAs *x509.CertPool // for its certificate

	options     Options
	mu          sync.Mutex
	answer      Answer
	messages    []Message
	connections int
}

// Start runs a server on this machine until the test ends.
func Start(t testing.TB, o Options) *Sink {
	t.Helper()
	if o.Host == "" {
		o.Host = "127.0.0.1"
	}
	certificate, roots := certify(t, o.Host)
	s := &Sink{options: o, answer: o.Answer, RootCAs: roots}
	server := smtp.NewServer(smtp.BackendFunc(s.newSession))
	server.Domain = "sink.example"
	server.AllowInsecureAuth = true
	server.EnableSMTPUTF8 = o.UTF8
	server.MaxMessageBytes = 1 << 20
	server.ErrorLog = log.New(io.Discard, "", 0)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Address = listener.Addr().String()
	secure := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	if o.StartTLS {
		server.TLSConfig = secure
	}
	listener = &counting{listener, s}
	if o.Implicit {
		listener = tls.NewListener(listener, secure)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	return s
}

// SetAnswer changes what the server says from now on.
func (s *Sink) SetAnswer(a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = a
}

// Messages returns what the server has taken, oldest first.
func (s *Sink) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message(nil), s.messages...)
}

// Connections is how many were opened so far.
func (s *Sink) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

func (s *Sink) say(step Step, address string) error {
	s.mu.Lock()
	answer := s.answer
	s.mu.Unlock()
	if answer == nil {
		return nil
	}
	return answer(step, address)
}

// counting counts the connections that it accepts.
type counting struct {
	net.Listener
	sink *Sink
}

// Accept implements [net.Listener].
func (c *counting) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.sink.mu.Lock()
		c.sink.connections++
		c.sink.mu.Unlock()
	}
	return conn, err
}

package smtpsink

import (
	"errors"
	"io"
	"slices"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// session is one connection.
type session struct {
	sink     *Sink
	conn     *smtp.Conn
	signedIn bool
	from, to string
	utf8     bool
}

func (s *Sink) newSession(c *smtp.Conn) (smtp.Session, error) {
	session := &session{sink: s, conn: c}
	if err := session.say(Hello, ""); err != nil {
		return nil, err
	}
	return session, nil
}

// say asks for the answer of a step, and hangs up if it is that.
func (s *session) say(step Step, address string) error {
	err := s.sink.say(step, address)
	if errors.Is(err, ErrHangUp) {
		_ = s.conn.Conn().Close()
	}
	return err
}

// Reset implements [smtp.Session].
func (s *session) Reset() { s.from, s.to, s.utf8 = "", "", false }

// Logout implements [smtp.Session].
func (s *session) Logout() error { return nil }

// AuthMechanisms implements [smtp.AuthSession].
func (s *session) AuthMechanisms() []string {
	o := s.sink.options
	if o.User != "" && o.Auth == nil {
		return []string{sasl.Plain}
	}
	return o.Auth
}

// Auth implements [smtp.AuthSession].
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	o := s.sink.options
	if !slices.Contains(s.AuthMechanisms(), mechanism) {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	check := func(isRight bool) error {
		if !isRight {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}
	byPassword := func(user, password string) error { return check(user == o.User && password == o.Password) }
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return byPassword(user, password) }), nil
	case sasl.Login:
		return &login{check: byPassword}, nil
	case "CRAM-MD5":
		return &cramMD5{user: o.User, password: o.Password, check: check}, nil
	case "XOAUTH2":
		return &xoauth2{want: "user=" + o.User + "\x01auth=Bearer " + o.Password + "\x01\x01", check: check}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// Mail implements [smtp.Session].
func (s *session) Mail(from string, o *smtp.MailOptions) error {
	if s.sink.options.User != "" && !s.signedIn {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "sign in first"}
	}
	s.from, s.utf8 = from, o.UTF8
	return s.say(Mail, from)
}

// Rcpt implements [smtp.Session].
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return s.say(Rcpt, to)
}

// Data implements [smtp.Session].
func (s *session) Data(r io.Reader) error {
	half := make([]byte, 200) // less than any header
	n, err := io.ReadFull(r, half)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if err := s.say(Data, s.to); err != nil {
		_, _ = io.Copy(io.Discard, r)
		return err
	}
	rest, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	_, isTLS := s.conn.TLSConnectionState()
	m := Message{From: s.from, To: s.to, Raw: append(half[:n], rest...), UTF8: s.utf8, TLS: isTLS, SignedIn: s.signedIn}
	s.sink.mu.Lock()
	s.sink.messages = append(s.sink.messages, m)
	s.sink.mu.Unlock()
	return s.say(Taken, s.to)
}

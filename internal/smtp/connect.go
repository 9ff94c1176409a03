package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// conn bounds what a server may do in one step.
type conn struct {
	net.Conn
	left int // bytes that may still be read
}

// step starts a step, which has to end in time.
func (c *conn) step(timeout time.Duration) {
	c.left = mostReplies
	_ = c.SetDeadline(time.Now().Add(timeout)) // if this fails, so does the next read
}

var errTalkative = errors.New("the server's reply does not end")

// Read implements [io.Reader].
func (c *conn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTalkative
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// closeAtEnd closes the connection when ctx ends, unless stop is called before.
func (c *conn) closeAtEnd(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = c.Close() })
}

func (s *Sender) isUsable() bool {
	return s.client != nil && s.carried < mostMessages && time.Since(s.lastUse) < longestIdle
}

// disconnect says goodbye and closes the connection, if there is one.
func (s *Sender) disconnect() {
	if s.client != nil {
		s.conn.step(s.config.StepTimeout)
		_ = s.client.Quit() // politeness only
	}
	s.drop()
}

// drop closes the connection, if there is one.
func (s *Sender) drop() {
	if s.conn != nil {
		_ = s.conn.Close()
	}
	s.conn, s.client, s.carried = nil, nil, 0
}

// connect opens a connection that is ready for messages. After a fault the caller drops
// what there is of it.
func (s *Sender) connect(ctx context.Context) *Error {
	server := s.config.Server
	dialing, cancel := context.WithTimeout(ctx, s.config.StepTimeout)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(dialing, "tcp", server.Address())
	if err != nil {
		return failed(stepConnect, err)
	}
	s.conn = &conn{Conn: raw}
	stop := s.conn.closeAtEnd(ctx)
	defer stop()
	secure := &tls.Config{
		ServerName: server.Host, RootCAs: s.config.RootCAs, MinVersion: tls.VersionTLS12,
		// Nobody listens within this machine, and mail servers there have made-up certificates.
		InsecureSkipVerify: server.TLS == Opportunistic && isLoopback(server.Host), //nolint:gosec // see above
	}
	s.conn.step(s.config.StepTimeout)
	var stream net.Conn = s.conn
	if server.TLS == Implicit {
		encrypted := tls.Client(s.conn, secure)
		if err := encrypted.Handshake(); err != nil { //nolint:noctx // the connection has a deadline, and closes with ctx
			return failed(stepConnect, err)
		}
		stream = encrypted
	}
	client, err := smtp.NewClient(stream, server.Host)
	if err != nil {
		return failed(stepConnect, err)
	}
	s.conn.step(s.config.StepTimeout)
	if err := client.Hello(s.config.Hello); err != nil {
		return failed(stepConnect, err)
	}
	if fault := s.encrypt(client, secure); fault != nil {
		return fault
	}
	s.conn.step(s.config.StepTimeout)
	if fault := s.signIn(client); fault != nil {
		return fault
	}
	s.client = client
	return nil
}

// Check connects to the server, signs in, and says goodbye. Error: [*Error].
func (s *Sender) Check(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disconnect()
	if fault := s.connect(ctx); fault != nil {
		s.drop()
		return fault
	}
	s.disconnect()
	return nil
}

// encrypt turns TLS on, if the setting wants it and the connection has none.
func (s *Sender) encrypt(client *smtp.Client, secure *tls.Config) *Error {
	mode := s.config.Server.TLS
	if mode == Implicit || mode == Off {
		return nil
	}
	if offered, _ := client.Extension("STARTTLS"); !offered {
		if mode == Opportunistic {
			return nil
		}
		return &Error{
			Fault: Setup, Step: stepStartTLS, Reply: "the server does not offer STARTTLS",
			Hint: "use smtps:// if it has TLS on another port, or allow unprotected mail by tls=off in CARDEA_SMTP_URL",
		}
	}
	s.conn.step(s.config.StepTimeout)
	if err := client.StartTLS(secure); err != nil {
		return failed(stepStartTLS, err)
	}
	return nil
}

// signIn authenticates, if the setting has a user. A password or token never leaves this
// machine without TLS. CRAM-MD5 may, because it does not send the password.
func (s *Sender) signIn(client *smtp.Client) *Error {
	server := s.config.Server
	if server.User == "" {
		return nil
	}
	setup := func(reply, hint string) *Error {
		return &Error{Fault: Setup, Step: stepSignIn, Reply: reply, Hint: hint}
	}
	if s.config.Password == nil {
		return setup("there is no password", "name its file in CARDEA_SMTP_PASSWORD_FILE")
	}
	password, err := s.config.Password()
	if err != nil {
		return setup(oneLine(err.Error()), "correct CARDEA_SMTP_PASSWORD_FILE or the file")
	}
	_, offered := client.Extension("AUTH")
	mechanism := choose(server.Auth, strings.Fields(strings.ToLower(offered)))
	_, isEncrypted := client.TLSConnectionState()
	isLocal := isLoopback(server.Host)
	var auth smtp.Auth
	switch {
	case mechanism == "":
		return setup("the server offers no known way to sign in, but: "+oneLine(offered), "remove the user name from CARDEA_SMTP_URL, or change the port")
	case mechanism == "cram-md5":
		auth = smtp.CRAMMD5Auth(server.User, password)
	case !isEncrypted && !isLocal:
		return setup("the password would be sent unprotected", "use smtps:// or tls=required in CARDEA_SMTP_URL")
	case mechanism == "plain":
		auth = smtp.PlainAuth("", server.User, password, server.Host, isLocal)
	case mechanism == "login":
		auth = smtp.LoginAuth(server.User, password, server.Host, isLocal)
	case mechanism == "xoauth2":
		auth = smtp.XOAuth2Auth(server.User, password)
	}
	if err := client.Auth(auth); err != nil {
		return failed(stepSignIn, err)
	}
	return nil
}

// choose returns the wanted mechanism or, if none is, the best that the server offers.
func choose(wanted string, offered []string) string {
	if wanted != "" {
		return wanted
	}
	for _, m := range mechanisms {
		if m != "xoauth2" && slices.Contains(offered, m) {
			return m
		}
	}
	return ""
}

package smtpsink

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // CRAM-MD5 (RFC 2195) is what is tested
	"encoding/hex"

	"github.com/emersion/go-sasl"
)

// login is the server's side of LOGIN.
type login struct {
	check func(user, password string) error
	asked bool
	user  *string
}

// Next implements [sasl.Server].
func (l *login) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case response == nil && !l.asked:
		l.asked = true
		return []byte("Username:"), false, nil
	case l.user == nil:
		user := string(response)
		l.user = &user
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(*l.user, string(response))
}

// cramMD5 is the server's side of CRAM-MD5 (RFC 2195).
type cramMD5 struct {
	user, password string
	check          func(isRight bool) error
	asked          bool
}

const challengeText = "<1896.697170952@sink.example>"

// Next implements [sasl.Server].
func (c *cramMD5) Next(response []byte) (challenge []byte, done bool, err error) {
	if !c.asked {
		c.asked = true
		return []byte(challengeText), false, nil
	}
	mac := hmac.New(md5.New, []byte(c.password))
	mac.Write([]byte(challengeText))
	return nil, true, c.check(string(response) == c.user+" "+hex.EncodeToString(mac.Sum(nil)))
}

// xoauth2 is the server's side of XOAUTH2. It tells of a wrong token in a challenge, as
// Google and Microsoft do.
type xoauth2 struct {
	want   string
	check  func(isRight bool) error
	failed bool
}

// Next implements [sasl.Server].
func (x *xoauth2) Next(response []byte) (challenge []byte, done bool, err error) {
	if !x.failed && string(response) != x.want {
		x.failed = true
		return []byte(`{"status":"400","schemes":"Bearer"}`), false, nil
	}
	return nil, true, x.check(!x.failed)
}

var _ = []sasl.Server{(*login)(nil), (*cramMD5)(nil), (*xoauth2)(nil)}

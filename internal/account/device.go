package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/cardea-accounts/cardea/internal/store"
)

// Device is the value of a device's cookie: a sign that somebody signed in to a
// certain account from it, and nothing else (OWASP, "Slow Down Online Guessing
// Attacks with Device Cookies"). It has the form {user id}.{device id}.{MAC}. The MAC
// covers the password's hash, too: with another password, no device is known any more.
type Device string

// SecretSize is the length in bytes of the key that device cookies are signed with.
const SecretSize = 32

// newDevice returns the cookie of a device from which a person has just signed
// in: the one it has for that person, or else a new one. Without throttling,
// devices need not be known, and it is empty.
func (s *Service) newDevice(user store.User, had Device) Device {
	if !s.opt.RateLimit {
		return ""
	}
	if s.deviceID(user, had) != "" {
		return had
	}
	signed := user.ID + "." + rand.Text()
	return Device(signed + "." + s.mac(signed, user.PasswordHash))
}

// deviceID tells which device it is, if the cookie is one of ours and for that
// person; empty otherwise.
func (s *Service) deviceID(user store.User, d Device) string {
	signed, mac, _ := cutLast(string(d), ".")
	owner, id, _ := strings.Cut(signed, ".")
	if user.ID == "" || owner != user.ID || id == "" || !hmac.Equal([]byte(mac), []byte(s.mac(signed, user.PasswordHash))) {
		return ""
	}
	return id
}

func (s *Service) mac(signed, passwordHash string) string {
	h := hmac.New(sha256.New, s.opt.Secret)
	h.Write([]byte("device\x00" + signed + "\x00" + passwordHash))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

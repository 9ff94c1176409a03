package guard

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/cardea-accounts/cardea/internal/store"
)

// Device is the value of a device cookie. It proves that a user has signed in to an
// account from this device, and nothing else (OWASP, "Slow Down Online Guessing Attacks
// with Device Cookies"). Its form is {user id}.{device id}.{MAC}. The MAC covers the
// password hash: after a new password, no device is known.
type Device string

// Devices makes and recognises device cookies.
type Devices struct {
	key []byte
	on  bool
}

// NewDevices returns devices whose cookies are signed with key. Only throttling needs
// them: if on is false, no device gets a cookie.
func NewDevices(key []byte, on bool) Devices { return Devices{key, on} }

// Remember returns the cookie of a device from which a user has just signed in: the one
// it has already, or a new one.
func (d Devices) Remember(user store.User, had Device) Device {
	if !d.on {
		return ""
	}
	if d.ID(user, had) != "" {
		return had
	}
	signed := user.ID + "." + rand.Text()
	return Device(signed + "." + d.mac(signed, user.PasswordHash))
}

// ID returns the id of a device that the user has signed in from before; empty if the
// cookie is not ours or belongs to another user.
func (d Devices) ID(user store.User, cookie Device) string {
	at := strings.LastIndexByte(string(cookie), '.')
	if at < 0 || user.ID == "" {
		return ""
	}
	signed, mac := string(cookie[:at]), string(cookie[at+1:])
	owner, id, _ := strings.Cut(signed, ".")
	if owner != user.ID || id == "" || !hmac.Equal([]byte(mac), []byte(d.mac(signed, user.PasswordHash))) {
		return ""
	}
	return id
}

func (d Devices) mac(signed, passwordHash string) string {
	h := hmac.New(sha256.New, d.key)
	h.Write([]byte("device\x00" + signed + "\x00" + passwordHash))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

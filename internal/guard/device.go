package guard

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/cardea-accounts/cardea/internal/secret"
	"github.com/cardea-accounts/cardea/internal/store"
)

// Device is the value of a device cookie. It proves that a user has signed in to an
// account from this device, and nothing else (OWASP, "Slow Down Online Guessing Attacks
// with Device Cookies"). Its form is {user id}.{device id}.{MAC}. The MAC covers the
// password hash: after a new password, no device is known.
type Device string

// maxDevice is the longest device cookie, in bytes: an imported user id has up to 64, a
// device id 26, a MAC 43.
const maxDevice = 64 + 1 + 26 + 1 + 43

// IsWellFormed reports whether d can be a device cookie at all.
func (d Device) IsWellFormed() bool { return len(d) <= maxDevice && strings.Count(string(d), ".") == 2 }

// Devices makes and recognises device cookies.
type Devices struct {
	keys secret.Sub
	on   bool
}

// NewDevices returns devices whose cookies are signed with keys. Only throttling needs
// them: if on is false, no device gets a cookie.
func NewDevices(keys secret.Sub, on bool) Devices { return Devices{keys, on} }

// Remember returns the cookie of a device from which a user has just signed in. A device
// that had one keeps its id. The newest key signs it, so an older one can be removed some
// time after a rotation.
func (d Devices) Remember(user store.User, had []Device) Device {
	if !d.on {
		return ""
	}
	id := d.ID(user, had)
	if id == "" {
		id = rand.Text()
	}
	signed := user.ID + "." + id
	mac := d.keys.MAC(covered(signed, user.PasswordHash))
	return Device(signed + "." + base64.RawURLEncoding.EncodeToString(mac))
}

// ID returns the id of a device that the user has signed in from before, of the first
// cookie that proves it. It is empty if no cookie is ours, or all belong to other users.
func (d Devices) ID(user store.User, cookies []Device) string {
	for _, cookie := range cookies {
		if id := d.id(user, cookie); id != "" {
			return id
		}
	}
	return ""
}

func (d Devices) id(user store.User, cookie Device) string {
	at := strings.LastIndexByte(string(cookie), '.')
	if at < 0 || user.ID == "" || !cookie.IsWellFormed() {
		return ""
	}
	signed := string(cookie[:at])
	owner, id, _ := strings.Cut(signed, ".")
	if owner != user.ID || id == "" {
		return ""
	}
	mac, err := base64.RawURLEncoding.Strict().DecodeString(string(cookie[at+1:]))
	if err != nil || len(mac) != sha256.Size || !d.keys.Verify(covered(signed, user.PasswordHash), mac) {
		return ""
	}
	return id
}

// covered is what the MAC of a cookie covers.
func covered(signed, passwordHash string) []byte { return []byte(signed + "\x00" + passwordHash) }

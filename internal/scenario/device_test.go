package scenario

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Strangers cannot lock out a device that has signed in to the account before, not even
// from the same address. Such a device has attempts of its own.
func TestKnownDevice(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	device := server.From(t, "192.0.2.1").Register("ada@example.com").Device()
	if !device.HttpOnly || device.Path != "/" || device.SameSite != http.SameSiteLaxMode || device.MaxAge < 86400 {
		t.Errorf("the device cookie: %v", device)
	}
	ada, eve := testkit.Credentials("ada@example.com", "simplepass"), testkit.Credentials("eve@example.com", "simplepass")
	stranger := server.From(t, "192.0.2.1")
	for range 10 {
		stranger.Guess("ada@example.com").Want(401)
	}
	stranger.Post("/api/login", ada).WantThrottled()
	server.FromDevice(t, "192.0.2.1", device).Login("ada@example.com")

	// A forged cookie, or one of another account, does not count.
	value := device.Value
	for _, forged := range []string{value + "x", "x" + value, "", ".", "..", value[:len(value)-1]} {
		cookie := &http.Cookie{Name: device.Name, Value: forged}
		server.FromDevice(t, "192.0.2.1", cookie).Post("/api/login", ada).WantThrottled()
	}
	server.From(t, "192.0.2.2").Register("eve@example.com")
	for range 10 {
		stranger.Guess("eve@example.com").Want(401)
	}
	server.FromDevice(t, "192.0.2.1", device).Post("/api/login", eve).WantThrottled()

	// A stolen device has ten attempts too.
	for range 10 {
		server.FromDevice(t, "192.0.2.3", device).Guess("ada@example.com").Want(401)
	}
	server.FromDevice(t, "192.0.2.4", device).Post("/api/login", ada).WantThrottled()
}

// A password change forgets the devices that knew the old password, except the one that
// made the change.
func TestPasswordChangeForgetsDevices(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	owner := server.From(t, "192.0.2.1")
	owner.Register("ada@example.com")
	old := server.From(t, "192.0.2.9").Login("ada@example.com").Device()
	fresh := owner.Post("/api/password", testkit.PasswordChange("simplepass", "another one")).Want(200).Device()
	for range 10 {
		server.From(t, "192.0.2.9").Guess("ada@example.com").Want(401)
	}
	ada := testkit.Credentials("ada@example.com", "another one")
	server.FromDevice(t, "192.0.2.9", old).Post("/api/login", ada).WantThrottled()
	server.FromDevice(t, "192.0.2.9", fresh).Post("/api/login", ada).Want(200)
}

// Device cookies that a page of a sibling host plants do not hide the user's own.
func TestBogusDeviceCookies(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	device := server.From(t, "192.0.2.1").Register("ada@example.com").Device()
	for range 10 {
		server.From(t, "192.0.2.9").Guess("ada@example.com").Want(401)
	}
	bogus := strings.Repeat(device.Name+"=ada.x.y; ", 179)
	client := server.From(t, "192.0.2.9")
	client.Header.Set("Cookie", bogus)
	client.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantThrottled()
	client.Header.Set("Cookie", bogus+device.Name+"="+device.Value)
	client.Login("ada@example.com")
}

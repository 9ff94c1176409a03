package scenario

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// A device that has signed in to the account before is not locked out by
// strangers, not even those at the same address; it has tries of its own.
func TestKnownDevice(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	phone := server.From(t, "192.0.2.1")
	device := ""
	for _, c := range phone.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(201).Cookies {
		if c.Name == "session-device" {
			device = c.Value
			if !c.HttpOnly || c.Path != "/" || c.SameSite != http.SameSiteLaxMode || c.MaxAge < 86400 {
				t.Errorf("the device's cookie: %v", c)
			}
		}
	}
	known := func(address, device string) *testkit.Client {
		c := server.From(t, address)
		c.Header.Set("Cookie", "session-device="+device)
		return c
	}
	stranger := server.From(t, "192.0.2.1")
	for range 10 {
		stranger.Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass")).Want(401)
	}
	stranger.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantThrottled()
	known("192.0.2.1", device).Login("ada@example.com")

	// One that was tampered with, or belongs to another account, is nobody's.
	for _, forged := range []string{device + "x", "x" + device, "", ".", "..", device[:len(device)-1]} {
		known("192.0.2.1", forged).Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantThrottled()
	}
	server.From(t, "192.0.2.2").Post("/api/register", testkit.Registration("Eve", "eve@example.com", "simplepass")).Want(201)
	for range 10 {
		stranger.Post("/api/login", testkit.Credentials("eve@example.com", "wrongpass")).Want(401)
	}
	known("192.0.2.1", device).Post("/api/login", testkit.Credentials("eve@example.com", "simplepass")).WantThrottled()

	// A device that was stolen has ten tries, too.
	for range 10 {
		known("192.0.2.3", device).Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass")).Want(401)
	}
	known("192.0.2.4", device).Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantThrottled()
}

// After a change of password, devices that knew the old one are strangers', and
// the device on which it was changed is known.
func TestChangeOfPasswordMakesDevicesStrange(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	device := func(a *testkit.Answer) string {
		for _, c := range a.Cookies {
			if c.Name == "session-device" {
				return c.Value
			}
		}
		t.Fatalf("no device in %v", a.Header["Set-Cookie"])
		return ""
	}
	owner := server.From(t, "192.0.2.1")
	owner.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(201)
	old := device(server.From(t, "192.0.2.9").Login("ada@example.com"))
	fresh := device(owner.Post("/api/password", testkit.PasswordChange("simplepass", "another one")).Want(200))
	for range 10 {
		server.From(t, "192.0.2.9").Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass")).Want(401)
	}
	with := func(device string) *testkit.Client {
		c := server.From(t, "192.0.2.10")
		c.Header.Set("Cookie", "session-device="+device)
		return c
	}
	with(old).Post("/api/login", testkit.Credentials("ada@example.com", "another one")).WantThrottled()
	with(fresh).Post("/api/login", testkit.Credentials("ada@example.com", "another one")).Want(200)
}

// Who suspects the key of device cookies removes it: a new one is made, devices
// are strangers once more, and nobody is signed out.
func TestDeviceKeyIsReplaced(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	client := server.From(t, "192.0.2.1")
	var device string
	for _, c := range client.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(201).Cookies {
		if c.Name == "session-device" {
			device = c.Value
		}
	}
	server.Stop()
	key := filepath.Join(server.Data, "device.key")
	old, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	server = testkit.Start(t, testkit.Throttled, testkit.On(server.Data))
	if now, err := os.ReadFile(key); err != nil || string(now) == string(old) {
		t.Errorf("the key is the old one (%v)", err)
	}
	again := server.From(t, "192.0.2.1")
	again.Cookie = client.Cookie
	again.Get("/api/user").Want(200)
	for range 10 {
		server.From(t, "198.51.100.1").Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass")).Want(401)
	}
	unknown := server.From(t, "192.0.2.1")
	unknown.Header.Set("Cookie", "session-device="+device)
	unknown.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantThrottled()
}

package guard_test

import (
	"slices"
	"testing"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/secret"
	"github.com/cardea-accounts/cardea/internal/store"
)

func devices(keys secret.Keys) guard.Devices {
	return guard.NewDevices(keys.Sub(secret.DeviceCookies), true)
}

// A device's cookie counts for the account it was made for, under our key, until the
// password changes.
func TestDevice(t *testing.T) {
	d := devices(secret.New())
	ada, eve := store.User{ID: "ada", PasswordHash: "hash"}, store.User{ID: "eve", PasswordHash: "hash"}
	cookie := d.Remember(ada, nil)
	if d.ID(ada, only(cookie)) == "" || d.ID(eve, only(cookie)) != "" || d.ID(store.User{}, only(cookie)) != "" {
		t.Errorf("device %q", cookie)
	}
	if again := d.Remember(ada, only(cookie)); again != cookie {
		t.Error("a known device got another cookie")
	}
	if other := d.Remember(eve, only(cookie)); other == cookie || d.ID(eve, only(other)) == "" {
		t.Error("the device of another user got no cookie of its own")
	}
	if devices(secret.New()).ID(ada, only(cookie)) != "" {
		t.Error("a cookie signed with another key counts")
	}
	ada.PasswordHash = "another"
	if d.ID(ada, only(cookie)) != "" {
		t.Error("a device is known after a change of password")
	}
}

// After a rotation devices stay known. A sign-in gives them a cookie under the newer key,
// so they stay known without the older one.
func TestDeviceSurvivesRotation(t *testing.T) {
	ada := store.User{ID: "ada", PasswordHash: "hash"}
	older, newer := secret.New(), secret.New()
	cookie := devices(older).Remember(ada, nil)
	both, err := secret.Parse(newer.Text() + older.Text())
	if err != nil {
		t.Fatal(err)
	}
	id := devices(both).ID(ada, only(cookie))
	if id == "" || devices(newer).ID(ada, only(cookie)) != "" {
		t.Error("a cookie must count while its key is there, and no longer")
	}
	if cookie = devices(both).Remember(ada, only(cookie)); devices(newer).ID(ada, only(cookie)) != id {
		t.Errorf("after a sign-in during the rotation the device is %q, before it was %q", devices(newer).ID(ada, only(cookie)), id)
	}
}

func TestForeignDeviceCookies(t *testing.T) {
	d, ada := devices(secret.New()), store.User{ID: "ada", PasswordHash: "hash"}
	cookie := d.Remember(ada, nil)
	for _, foreign := range []guard.Device{
		"", ".", "..", "ada", "ada.", "ada..", "ada.x", "ada.x.", "ada.x.!", cookie + "A", cookie[:len(cookie)-1], cookie[:len(cookie)-21], cookie[1:], "." + cookie,
	} {
		if d.ID(ada, only(foreign)) != "" {
			t.Errorf("%q counts", foreign)
		}
	}
}

// Without throttling no device gets a cookie.
func TestDevicesOff(t *testing.T) {
	off := guard.NewDevices(secret.New().Sub(secret.DeviceCookies), false)
	if cookie := off.Remember(store.User{ID: "ada"}, nil); cookie != "" {
		t.Errorf("got %q", cookie)
	}
}

func only(d guard.Device) []guard.Device { return []guard.Device{d} }

// Cookies of others, and forged ones, do not hide a device.
func TestDeviceBehindOthers(t *testing.T) {
	d := devices(secret.New())
	ada, eve := store.User{ID: "ada", PasswordHash: "hash"}, store.User{ID: "eve", PasswordHash: "hash"}
	cookie := d.Remember(ada, nil)
	many := append(slices.Repeat(append(only(d.Remember(eve, nil)), "ada.x."+cookie[len(cookie)-43:]), 50), cookie, "ada.y.z")
	if got, want := d.ID(ada, many), d.ID(ada, only(cookie)); got != want || got == "" {
		t.Errorf("device %q, want %q", got, want)
	}
	if again := d.Remember(ada, many); again != cookie {
		t.Errorf("the device got another cookie")
	}
}

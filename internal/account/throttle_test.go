package account

import (
	"net/netip"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

func TestWait(t *testing.T) {
	now := time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)
	l := limit{tries: 3, window: 10 * time.Minute}
	ago := func(minutes ...int) (tries []time.Time) {
		for _, m := range minutes {
			tries = append(tries, now.Add(-time.Duration(m)*time.Minute))
		}
		return tries
	}
	for _, c := range []struct {
		tries []time.Time // the latest first
		want  time.Duration
	}{
		{nil, 0},
		{ago(0, 0), 0},
		{ago(0, 0, 0), 10 * time.Minute},
		{ago(0, 4, 9), time.Minute},           // the third last leaves the window in a minute
		{ago(5, 9, 20), 0},                    // it has left
		{ago(0, 11, 12, 13), 2 * time.Minute}, // one after the limit: two minutes since the last
		{ago(1, 11, 12, 13), time.Minute},
		{ago(0, 15, 20, 25, 30), 4 * time.Minute},
		{ago(0, 15, 20, 25, 30, 35, 40, 45, 50), 15 * time.Minute},
	} {
		if got := l.wait(c.tries, now); got != c.want {
			t.Errorf("after tries %v: wait %v, want %v", c.tries, got, c.want)
		}
	}
}

func TestNetwork(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.1":            "192.0.2.1",
		"2001:db8::1":          "2001:db8::/64",
		"2001:DB8:0:0:ffff::1": "2001:db8::/64",
		"2001:db8:0:1::1":      "2001:db8:0:1::/64",
		"::1":                  "::/64",
	} {
		if got := (Client{IP: netip.MustParseAddr(ip)}).network(); got != want {
			t.Errorf("%s: %s, want %s", ip, got, want)
		}
	}
}

// A device's cookie is good for the account it was made for, and only that.
func TestDevice(t *testing.T) {
	b := newBench(t)
	b.opt.RateLimit = true
	ada, eve := store.User{ID: "ada", PasswordHash: "hash"}, store.User{ID: "eve", PasswordHash: "hash"}
	d := b.newDevice(ada, "")
	if b.deviceID(ada, d) == "" || b.deviceID(eve, d) != "" || b.deviceID(store.User{}, d) != "" {
		t.Errorf("device %q", d)
	}
	if again := b.newDevice(ada, d); again != d {
		t.Error("a known device got another cookie")
	}
	if other := b.newDevice(eve, d); other == d || b.deviceID(eve, other) == "" {
		t.Error("another person's device got no cookie of its own")
	}
	elsewhere := newBench(t)
	elsewhere.opt.Secret = []byte("another key of thirty-two bytes.")
	if elsewhere.deviceID(ada, d) != "" {
		t.Error("a cookie signed with another key counts")
	}
	ada.PasswordHash = "another"
	if b.deviceID(ada, d) != "" {
		t.Error("a device is known after a change of password")
	}
}

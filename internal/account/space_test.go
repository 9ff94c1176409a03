package account_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// On a nearly full disk, users sign in, rename themselves and change their passwords.
// Registrations and uploads are refused.
func TestNearlyFullDisk(t *testing.T) {
	free := uint64(1 << 30)
	disk := guard.Disk{Name: "database", Free: func() (uint64, uint64, error) { return free, 1 << 40, nil }}
	opt := house.Options{Throttled: true, Space: guard.NewSpace(slog.New(slog.DiscardHandler), disk)}
	folder := t.TempDir()
	first := house.At(t, folder, opt)
	ada, _ := first.Register(t, "ada@example.com")
	first.Close(t)
	free = 1 << 20
	opt.Space = guard.NewSpace(slog.New(slog.DiscardHandler), disk)
	h := house.At(t, folder, opt)
	h.Clock.Advance(time.Minute)
	_, _, err := h.Accounts.Register(t.Context(), account.Registration{Name: "Bob", Email: "bob@example.com", Password: house.Password}, from("192.0.2.1"))
	_, uploadErr := h.Pictures.Set(t.Context(), ada.ID, house.Upload(t, "a.png", 50), from("192.0.2.1"))
	for what, err := range map[string]error{"registration": err, "upload": uploadErr} {
		if e, ok := errors.AsType[*guard.Error](err); !ok || e.Kind != guard.KindFull || e.Code != "storage_full" {
			t.Errorf("%s: %v", what, err)
		}
	}
	signIn, err := h.Accounts.Login(t.Context(), ada.Email, house.Password, from("192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := h.Sessions.Find(t.Context(), signIn.Session)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Accounts.Change(t.Context(), s.User, account.Profile{Name: new("Countess")}, from("192.0.2.1")); err != nil {
		t.Error(err)
	}
	client := from("192.0.2.1")
	client.Session = signIn.Session
	if _, err := h.Accounts.ChangePassword(t.Context(), s, house.Password, "another password", client); err != nil {
		t.Error(err)
	}
}

// A user, or a thief of the password, cannot fill the disk with sign-ins: one network has
// 300 at an account in ten minutes, whatever devices it shows.
func TestSignInsAreLimited(t *testing.T) {
	testkit.Long(t)
	for _, c := range []struct {
		name    string
		network func(i int) guard.Client
		most    int
	}{
		{"an address", func(int) guard.Client { return from("192.0.2.66") }, 300},
		{"an IPv6 /48", func(i int) guard.Client { return from("2001:db8:66:%x::1", i*0x100&0xffff) }, 1200},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := house.New(t, house.Options{Throttled: true})
			ada, _ := h.Register(t, "ada@example.com")
			login := func(client guard.Client, device guard.Device) (guard.Device, error) {
				client.Devices = []guard.Device{device}
				signIn, err := h.Accounts.Login(t.Context(), ada.Email, house.Password, client)
				return signIn.Device, err
			}
			served := 0
			var device guard.Device
			for ; served < 5000; served++ {
				had := device
				if served%2 == 0 {
					had = ""
				}
				var err error
				if device, err = login(c.network(served), had); err != nil {
					break
				}
			}
			if served != c.most {
				t.Errorf("%d sign-ins", served)
			}
			if _, err := login(from("192.0.2.1"), ""); err != nil {
				t.Errorf("from another network: %v", err)
			}
			h.Clock.Advance(10 * time.Minute)
			if _, err := login(c.network(1), ""); err != nil {
				t.Errorf("ten minutes later: %v", err)
			}
			if rows := number(t, raw(t, h), `SELECT count(*) FROM audit`); rows > 100 {
				t.Errorf("%d rows of events", rows)
			}
		})
	}
}

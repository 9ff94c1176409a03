package media_test

import (
	"bytes"
	"errors"
	"github.com/cardea-accounts/cardea/internal/account"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/secret"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

func drawForID(t *testing.T, a *media.Avatars, id string) media.Avatar {
	t.Helper()
	drawn, err := a.DrawForID(t.Context(), id, 64, guard.Client{})
	if err != nil || !bytes.HasPrefix(drawn.PNG, []byte("\x89PNG")) {
		t.Fatalf("%s: %v", id, err)
	}
	return drawn
}

// An address by id shows the user's own avatar, after a rename, too. An unknown id and an
// imported one, which can be guessed, get the same neutral figure.
func TestAvatarByID(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	h.Crowd(t, 1) // p0, as if imported
	neutral := drawForID(t, h.Avatars, "abcdefghijklmnop")
	for _, id := range []string{"p0", "2", ""} {
		if got := drawForID(t, h.Avatars, id); got.Version != neutral.Version {
			t.Errorf("%q does not get the neutral figure", id)
		}
	}
	for range 2 {
		own, err := h.Avatars.Draw(t.Context(), h.Avatars.Key(ada), 64, guard.Client{})
		if got := drawForID(t, h.Avatars, ada.ID); err != nil || got.Version != own.Version || got.Version == neutral.Version {
			t.Errorf("%s does not get the avatar of %s (%v)", ada.ID, ada.Name, err)
		}
		if ada, err = h.Accounts.Change(t.Context(), ada, account.Profile{Name: new("Zoë")}, guard.Client{}); err != nil {
			t.Fatal(err)
		}
	}
}

// A key that we did not make draws nothing, and each key has one spelling.
func TestForeignAvatarKeys(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	key := h.Avatars.Key(ada)
	drawForID(t, h.Avatars, "nobody") // the neutral figure, which has no key
	if _, err := h.Avatars.Draw(t.Context(), key, 64, guard.Client{}); err != nil {
		t.Fatal(err)
	}
	for _, foreign := range []string{
		"", "a", key[1:], key[:len(key)-1], key + "a", strings.ToUpper(key), strings.Repeat("a", len(key)), strings.Repeat("a", 26),
	} {
		if _, err := h.Avatars.Draw(t.Context(), foreign, 64, guard.Client{}); !errors.Is(err, media.ErrPictureNotFound) {
			t.Errorf("%q: %v", foreign, err)
		}
	}
}

// After a rotation, addresses under the older key still work.
func TestAvatarSurvivesRotation(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	older, newer := secret.New(), secret.New()
	both, err := secret.Parse(newer.Text() + older.Text())
	if err != nil {
		t.Fatal(err)
	}
	avatars := func(keys secret.Keys, db *store.DB) *media.Avatars {
		a := media.NewAvatars(db, keys.Sub(secret.AvatarAddresses))
		t.Cleanup(a.Close)
		return a
	}
	key := avatars(older, h.DB).Key(ada)
	if _, err := avatars(both, h.DB).Draw(t.Context(), key, 64, guard.Client{}); err != nil {
		t.Errorf("with both keys: %v", err)
	}
	if _, err := avatars(newer, h.DB).Draw(t.Context(), key, 64, guard.Client{}); !errors.Is(err, media.ErrPictureNotFound) {
		t.Errorf("without the older key: %v", err)
	}
}

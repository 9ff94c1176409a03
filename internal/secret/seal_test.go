package secret_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/cardea-accounts/cardea/internal/secret"
)

// What is sealed opens with the same context and any key that is still there, and in no
// other way.
func TestSeal(t *testing.T) {
	older := secret.New()
	sealed := older.Sub(secret.Outbox).Seal([]byte("a link"), []byte("row 1"))
	newer, err := secret.Parse(secret.New().Text() + older.Text())
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := newer.Sub(secret.Outbox).Open(sealed, []byte("row 1")); err != nil || string(plain) != "a link" {
		t.Errorf("with an older key: %q, %v", plain, err)
	}
	changed := slices.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"another context": func() ([]byte, error) { return older.Sub(secret.Outbox).Open(sealed, []byte("row 2")) },
		"another label":   func() ([]byte, error) { return older.Sub(secret.Codes).Open(sealed, []byte("row 1")) },
		"another key":     func() ([]byte, error) { return secret.New().Sub(secret.Outbox).Open(sealed, []byte("row 1")) },
		"a changed value": func() ([]byte, error) { return older.Sub(secret.Outbox).Open(changed, []byte("row 1")) },
		"half a value":    func() ([]byte, error) { return older.Sub(secret.Outbox).Open(sealed[:9], []byte("row 1")) },
		"nothing":         func() ([]byte, error) { return older.Sub(secret.Outbox).Open(nil, []byte("row 1")) },
	} {
		if _, err := open(); !errors.Is(err, secret.ErrSealed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package token_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/token"
)

func TestWellFormedToken(t *testing.T) {
	for tok, want := range map[token.Token]bool{
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ":                true,
		"22222222223333333333777777":                true,
		token.New():                                 true,
		"":                                          false,
		"ABCDEFGHIJKLMNOPQRSTUVWXY":                 false, // 25
		"ABCDEFGHIJKLMNOPQRSTUVWXYZA":               false, // 27
		"abcdefghijklmnopqrstuvwxyz":                false,
		"ABCDEFGHIJKLMNOPQRSTUVWXY0":                false,
		"ABCDEFGHIJKLMNOPQRSTUVWXY1":                false,
		"ABCDEFGHIJKLMNOPQRSTUVWXY8":                false,
		"ABCDEFGHIJKLMNOPQRSTUVWXY=":                false,
		"ABCDEFGHIJKLM OPQRSTUVWXYZ":                false,
		"ABCDEFGHIJKLM\x00OPQRSTUVWXYZ":             false,
		"ABCDEFGHIJKLMNOPQRSTUVWXÄ":                 false, // 26 bytes
		token.Token(strings.Repeat("A", 26) + "\n"): false,
	} {
		if got := tok.IsWellFormed(); got != want {
			t.Errorf("%q: %v", string(tok), got)
		}
	}
}

func TestTokenHashIsSHA256(t *testing.T) {
	// printf %s ABCDEFGHIJKLMNOPQRSTUVWXYZ | sha256sum
	const want = "d6ec6898de87ddac6e5b3611708a7aa1c2d298293349cc1a6c299a1db7149d38"
	hash := token.Token("ABCDEFGHIJKLMNOPQRSTUVWXYZ").Hash()
	if got := hex.EncodeToString(hash[:]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Tokens and ids have the form that the contract promises, and none comes twice.
func TestRandomNamesHaveTheirForm(t *testing.T) {
	for what, c := range map[string]struct {
		make func() string
		form string
	}{
		"token": {func() string { return string(token.New()) }, `^[A-Z2-7]{26}$`},
		"id":    {token.ID, `^[a-z2-7]{16}$`},
	} {
		form, seen := regexp.MustCompile(c.form), map[string]bool{}
		for range 1000 {
			s := c.make()
			if !form.MatchString(s) || seen[s] {
				t.Fatalf("%s: %s (seen before: %v)", what, s, seen[s])
			}
			seen[s] = true
		}
	}
}

func TestIsID(t *testing.T) {
	for id, want := range map[string]bool{
		token.ID():          true,
		"abcdefghijklmnop":  true,
		"qrstuvwxyz234567":  true,
		"":                  false,
		"2":                 false, // imported
		"abcdefghijklmno":   false, // 15
		"abcdefghijklmnopq": false, // 17
		"ABCDEFGHIJKLMNOP":  false,
		"abcdefghijklmno1":  false,
		"abcdefgh-jklmnop":  false,
	} {
		if got := token.IsID(id); got != want {
			t.Errorf("%q: %v", id, got)
		}
	}
}

// However a token gets into a message, a log line or JSON, it shows as [redacted].
// Package account has more cases for passwords and tokens alike.
func TestTokenIsRedacted(t *testing.T) {
	secret := token.New()
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).InfoContext(t.Context(), "message", "token", secret)
	text, err := json.Marshal(map[string]any{"token": secret})
	if err != nil {
		t.Fatal(err)
	}
	for how, got := range map[string]string{
		"%v": fmt.Sprintf("%v", secret), "%s": fmt.Sprintf("%s", secret), "%q": fmt.Sprintf("%q", secret),
		"%x": fmt.Sprintf("%x", secret), "%#v": fmt.Sprintf("%#v", secret), "log": log.String(), "JSON": string(text),
	} {
		if !strings.Contains(got, "[redacted]") || strings.Contains(got, string(secret)) {
			t.Errorf("%s: %s", how, got)
		}
	}
}

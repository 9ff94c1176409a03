package account_test

import (
	"bytes"
	"encoding/hex"
	stdjson "encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/token"
)

const (
	redacted       = "[redacted]"
	secretPassword = account.Password("hunter2hunter2")
	secretToken    = token.Token("HUNTERHUNTERHUNTERHUNTERHU")
)

// secrets holds both secrets in every way that the code may hold them. Two ways are not
// safe, because package fmt calls no methods there: fields that are not exported, and
// pointers within structs under verbs other than %v.
func secrets() map[string]any {
	pw, tok := secretPassword, secretToken
	type nested struct {
		Registration account.Registration
		Client       guard.Client
	}
	return map[string]any{
		"password":          pw,
		"token":             tok,
		"pointers":          []any{&pw, &tok},
		"struct":            account.Registration{Name: "aruncs", Email: "test@gmail.com", Password: pw},
		"pointer to struct": &guard.Client{IP: netip.MustParseAddr("192.0.2.1"), Session: tok},
		"sign-in":           session.SignIn{Session: tok},
		"nested":            nested{account.Registration{Password: pw}, guard.Client{Session: tok}},
		"slices":            [][]account.Password{{pw}},
		"arrays":            [1]token.Token{tok},
		"map":               map[string]account.Password{"password": pw},
		"interfaces":        []any{pw, tok},
	}
}

// wantNoSecret fails the test if text shows a secret, in any encoding.
func wantNoSecret(t *testing.T, what, text string) {
	t.Helper()
	for _, secret := range []string{string(secretPassword), string(secretToken)} {
		plain, hexed := strings.ToLower(secret[:6]), hex.EncodeToString([]byte(secret[:6]))
		if lower := strings.ToLower(text); strings.Contains(lower, plain) || strings.Contains(lower, hexed) {
			t.Errorf("%s: %s", what, text)
		}
	}
}

func TestSecretsPrintAsRedacted(t *testing.T) {
	for _, verb := range []string{
		"%v", "%+v", "%#v", "%s", "%q", "%#q", "%x", "%X", "% x", "%d", "%t", "%c", "%U", "%e", "%o", "%20v", "%-20s", "%.3s", "%y", "no verb",
	} {
		for _, secret := range []any{secretPassword, secretToken} {
			if got := fmt.Sprintf(verb, secret); got != redacted && verb != "no verb" {
				t.Errorf("%s of %T: %s", verb, secret, got)
			}
		}
		for what, v := range secrets() {
			wantNoSecret(t, verb+" of "+what, fmt.Sprintf(verb, v))
		}
	}
	for what, v := range secrets() {
		wantNoSecret(t, "Sprint of "+what, fmt.Sprint(v))
		wantNoSecret(t, "Sprintln of "+what, fmt.Sprintln(v))
		wantNoSecret(t, "an error with "+what, fmt.Errorf("failed: %w, %v", account.ErrEmailTaken, v).Error())
	}
}

func TestSecretsAreNotLogged(t *testing.T) {
	var log bytes.Buffer
	for format, handler := range map[string]slog.Handler{
		"text": slog.NewTextHandler(&log, nil), "json": slog.NewJSONHandler(&log, nil),
	} {
		logger := slog.New(handler)
		for what, v := range secrets() {
			log.Reset()
			logger.With("with", v).InfoContext(t.Context(), "message", "plain", v, slog.Group("group", "inner", v))
			wantNoSecret(t, format+", "+what, log.String())
			if !strings.Contains(log.String(), redacted) && !(format == "text" && what == "pointers") { // these show as addresses
				t.Errorf("%s, %s: %s", format, what, log.String())
			}
		}
	}
}

func TestSecretsAreNotInJSON(t *testing.T) {
	for what, v := range secrets() {
		for library, marshal := range map[string]func(any) ([]byte, error){
			"encoding/json":           stdjson.Marshal,
			"go-json-experiment/json": func(v any) ([]byte, error) { return json.Marshal(v) },
		} {
			text, err := marshal(v)
			wantNoSecret(t, library+", "+what, string(text))
			if err != nil || !strings.Contains(string(text), redacted) {
				t.Errorf("%s, %s: %s, %v", library, what, text, err)
			}
		}
	}
}

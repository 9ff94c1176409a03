package account

import (
	"bytes"
	"encoding/hex"
	stdjson "encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

var (
	secretPassword = Password("hunter2hunter2")
	secretToken    = Token("HUNTERHUNTERHUNTERHUNTERHU")
)

// secrets holds both secrets in every way that the code may hold them. Two ways
// are not safe, because package fmt asks no methods there: fields that are not
// exported, and pointers within structs under verbs other than %v.
func secrets() map[string]any {
	pw, token := secretPassword, secretToken
	type nested struct {
		Registration Registration
		Client       Client
	}
	return map[string]any{
		"password":          pw,
		"token":             token,
		"pointers":          []any{&pw, &token},
		"struct":            Registration{Name: "aruncs", Email: "test@gmail.com", Password: pw},
		"pointer to struct": &Client{IP: netip.MustParseAddr("192.0.2.1"), Session: token},
		"nested":            nested{Registration{Password: pw}, Client{Session: token}},
		"slices":            [][]Password{{pw}},
		"arrays":            [1]Token{token},
		"map":               map[string]Password{"password": pw},
		"interfaces":        []any{pw, token},
	}
}

// wantNoSecret fails the test if text tells a secret, in whatever encoding.
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
		wantNoSecret(t, "an error with "+what, fmt.Errorf("failed: %w, %v", ErrEmailTaken, v).Error())
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
			if !strings.Contains(log.String(), redacted) && !(format == "text" && what == "pointers") { // these are addresses
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

func TestWellFormedToken(t *testing.T) {
	for token, want := range map[Token]bool{
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ":          true,
		"22222222223333333333777777":          true,
		newToken():                            true,
		"":                                    false,
		"ABCDEFGHIJKLMNOPQRSTUVWXY":           false, // 25
		"ABCDEFGHIJKLMNOPQRSTUVWXYZA":         false, // 27
		"abcdefghijklmnopqrstuvwxyz":          false,
		"ABCDEFGHIJKLMNOPQRSTUVWXY0":          false,
		"ABCDEFGHIJKLMNOPQRSTUVWXY1":          false,
		"ABCDEFGHIJKLMNOPQRSTUVWXY8":          false,
		"ABCDEFGHIJKLMNOPQRSTUVWXY=":          false,
		"ABCDEFGHIJKLM OPQRSTUVWXYZ":          false,
		"ABCDEFGHIJKLM\x00OPQRSTUVWXYZ":       false,
		"ABCDEFGHIJKLMNOPQRSTUVWXÄ":           false, // 26 bytes
		Token(strings.Repeat("A", 26) + "\n"): false,
	} {
		if got := token.WellFormed(); got != want {
			t.Errorf("%q: %v", string(token), got)
		}
	}
}

// The forms that the contract and the storage promise of what is made at random.
func TestRandomNamesHaveTheirForm(t *testing.T) {
	for what, c := range map[string]struct {
		make func() string
		form string
	}{
		"token":    {func() string { return string(newToken()) }, `^[A-Z2-7]{26}$`},
		"id":       {newID, `^[a-z2-7]{16}$`},
		"blob key": {newBlobKey, `^[a-z2-7]{26}$`},
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

func TestTokenHashIsSHA256(t *testing.T) {
	// printf %s ABCDEFGHIJKLMNOPQRSTUVWXYZ | sha256sum
	const want = "d6ec6898de87ddac6e5b3611708a7aa1c2d298293349cc1a6c299a1db7149d38"
	if got := hex.EncodeToString(Token("ABCDEFGHIJKLMNOPQRSTUVWXYZ").hash().bytes()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPrintableCutsAtCharacters(t *testing.T) {
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{
		{"", 5, ""},
		{"Mozilla/5.0 (X11)", 256, "Mozilla/5.0 (X11)"},
		{"abcdef", 6, "abcdef"},
		{"abcdef", 5, "abcde"},
		{"abcdef", 0, ""},
		{"aäö", 5, "aäö"},
		{"aäö", 4, "aä"},
		{"aäö", 3, "aä"},
		{"aäö", 2, "a"},
		{"🙂🙂", 7, "🙂"},
		{"🙂", 3, ""},
		{"a\x00b\r\nc\td\x7fe\u0085f\u2028g\u202eh", 256, "abcdefgh"},
		{"a\xffb\xc3", 256, "ab"},
		{"a\ufffdb", 256, "ab"},
		{"\xff\xff\xffabc", 3, "abc"}, // dropped before it is cut
		{strings.Repeat("x", 100_000), 256, strings.Repeat("x", 256)},
	} {
		if got := printable(c.text, c.limit); got != c.want {
			t.Errorf("%.20q cut to %d: %.20q, want %.20q", c.text, c.limit, got, c.want)
		}
	}
}

package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/secret"
)

const label = secret.Label("test")

func line(key string) string { return base64.StdEncoding.EncodeToString([]byte(key)) + "\n" }

var (
	older = line("thirty-two bytes: the older key.")
	newer = line("thirty-two bytes: the newer key.")
)

func parse(t *testing.T, text string) secret.Keys {
	t.Helper()
	keys, err := secret.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// The newest key signs and all keys verify. A key that was removed verifies no more.
func TestRotation(t *testing.T) {
	data := []byte("data")
	before, during, after := parse(t, older).Sub(label), parse(t, newer+older).Sub(label), parse(t, newer).Sub(label)
	if !bytes.Equal(during.MAC(data), after.MAC(data)) {
		t.Error("another key than the newest signs")
	}
	for _, c := range []struct {
		name          string
		signs, checks secret.Sub
		want          bool
	}{
		{"signed before, checked during", before, during, true},
		{"signed during, checked during", during, during, true},
		{"signed during, checked after", during, after, true},
		{"signed before, checked after", before, after, false},
	} {
		if got := c.checks.Verify(data, c.signs.MAC(data)); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// A MAC is valid for its data and its label, whole or cut to 16 bytes and more.
func TestVerify(t *testing.T) {
	keys := parse(t, older)
	sub, data := keys.Sub(label), []byte("data")
	mac := sub.MAC(data)
	changed := bytes.Clone(mac)
	changed[31] ^= 1
	for name, c := range map[string]struct {
		sub       secret.Sub
		data, mac []byte
		want      bool
	}{
		"whole":          {sub, data, mac, true},
		"16 bytes":       {sub, data, mac[:16], true},
		"15 bytes":       {sub, data, mac[:15], false},
		"nothing":        {sub, data, nil, false},
		"too long":       {sub, data, append(bytes.Clone(mac), 0), false},
		"a changed byte": {sub, data, changed, false},
		"other data":     {sub, []byte("date"), mac, false},
		"another label":  {keys.Sub("other"), data, mac, false},
	} {
		if got := c.sub.Verify(c.data, c.mac); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Signatures outlive a release. The value was computed independently, from RFC 5869.
func TestMACIsStable(t *testing.T) {
	got := hex.EncodeToString(parse(t, older).Sub(secret.DeviceCookies).MAC([]byte("data")))
	if want := "6c10512c50a877428bc750a946a7ca589dba3cf3c27d1683316a0b879dbeec7e"; got != want {
		t.Errorf("MAC is %s, want %s", got, want)
	}
}

func TestParseKeys(t *testing.T) {
	for _, text := range []string{older, strings.TrimSpace(older), "\n" + newer + "\r\n" + older + "\n\n"} {
		if _, err := secret.Parse(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"":                        "no key",
		"\n \n":                   "no key",
		"c2hvcnQ=\n":              "line 1",
		newer + "\nnot base 64\n": "line 3",
		newer + older[:43] + "\n": "line 2",
		line("thirty-three bytes are too many!!"): "line 1",
	} {
		_, err := secret.Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// Without a key there is no signature, rather than one that anybody can make.
func TestNoKeys(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an empty key signs")
		}
	}()
	secret.Keys{}.Sub(label)
}

func TestKeysPrintRedacted(t *testing.T) {
	keys := parse(t, older)
	sub := keys.Sub(label)
	var b bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&b, verb+verb, keys, sub)
	}
	for _, v := range []any{keys, sub} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
		slog.New(slog.NewTextHandler(&b, nil)).Info("x", "k", v)
		slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "k", v)
	}
	for _, secret := range []string{strings.TrimSpace(older), "thirty-two", hex.EncodeToString([]byte("thirty-two")), "116 104"} {
		if strings.Contains(b.String(), secret) {
			t.Errorf("%q is in %s", secret, &b)
		}
	}
	if strings.Count(b.String(), "[redacted]") != 20 {
		t.Errorf("printed: %s", &b)
	}
}

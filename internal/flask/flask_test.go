package flask_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/flask"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// vector is a cookie that the real Flask made, see testdata/vectors.py.
type vector struct {
	What, Keys, Cookie string
	Issued             int64
	ID, Email          string
	IsFresh            bool   `json:"is_fresh"`
	Error              string // forged, nobody; empty: none
}

func vectors(t testing.TB) (all []vector) {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func parse(t testing.TB, text string) flask.Keys {
	t.Helper()
	keys, err := flask.ParseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.What, func(t *testing.T) {
			cookie, err := parse(t, v.Keys).Open(v.Cookie)
			if v.Error == "forged" {
				if !errors.Is(err, flask.ErrForged) {
					t.Errorf("opened: %+v, %v", cookie, err)
				}
				return
			}
			if err != nil || !flask.Looks(v.Cookie) || !cookie.IssuedAt.Equal(time.Unix(v.Issued, 0)) {
				t.Fatalf("%v, issued at %v", err, cookie.IssuedAt)
			}
			who, err := cookie.Who()
			if v.Error == "nobody" {
				if !errors.Is(err, flask.ErrNobody) {
					t.Errorf("%+v, %v", who, err)
				}
				return
			}
			if want := (flask.Who{ID: v.ID, Email: v.Email, IsFresh: v.IsFresh}); err != nil || who != want {
				t.Errorf("%+v, %v, want %+v", who, err, want)
			}
		})
	}
}

// The cookie of a session changes with its user and its time, not with the key that signs it.
func TestID(t *testing.T) {
	ids := map[flask.ID]string{}
	for _, v := range vectors(t) {
		cookie, err := parse(t, v.Keys).Open(v.Cookie)
		if err != nil {
			continue
		}
		signed := v.Cookie[:strings.LastIndexByte(v.Cookie, '.')]
		if other, ok := ids[cookie.ID]; ok != (other == signed) && ok {
			t.Errorf("%s has the id of %s", v.What, other)
		}
		ids[cookie.ID] = signed
	}
}

func TestParseKeys(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "no key",
		" \n\n":                    "no key",
		"good\n trailing":          "line 2 begins or ends with white space",
		"tab\t":                    "line 1 begins or ends with white space",
		"\xff":                     "line 1 is not UTF-8",
		"hex:":                     "line 1 has other characters than hexadecimal",
		"hex:abc":                  "line 1 has other characters than hexadecimal",
		strings.Repeat("key\n", 5): "more than 4 keys",
	} {
		_, err := flask.ParseKeys(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for text, weak := range map[string]bool{
		"dev": true, "\ufeff0123456789abcdef\r\n": false, "0123456789abcdef\nshort": true, "hex:00ff": true, strings.Repeat("0123456789abcdef\n", 4): false,
	} {
		if keys := parse(t, text); keys.IsWeak() != weak {
			t.Errorf("%q: weak is %v", text, keys.IsWeak())
		}
	}
}

func TestKeysPrintRedacted(t *testing.T) {
	keys := parse(t, "a key that nobody should see")
	text, err := json.Marshal(keys)
	if printed := fmt.Sprintf("%v %+v %#v %x %s", keys, keys, keys, keys, text); err != nil || strings.Count(printed, "[redacted]") != 5 {
		t.Errorf("%s, %v", printed, err)
	}
}

func FuzzOpen(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Cookie)
	}
	keys := parse(f, "the secret key of the example app")
	valid := map[string]bool{}
	for _, v := range vectors(f) {
		valid[v.Cookie] = true
	}
	f.Fuzz(func(t *testing.T, value string) {
		flask.Looks(value)
		if cookie, err := keys.Open(value); err == nil && !valid[value] {
			t.Errorf("forged: %q is %+v", value, cookie)
		}
	})
}

// What an app has signed may still be anything.
func FuzzWho(f *testing.F) {
	for _, v := range vectors(f) {
		if parts := strings.Split(v.Cookie, "."); len(parts) >= 3 {
			f.Add(strings.Join(parts[:len(parts)-2], "."))
		}
	}
	f.Add("eyJlbWFpbCI6IngifQ")
	keys := parse(f, "key")
	f.Fuzz(func(t *testing.T, payload string) {
		cookie, err := keys.Open(testkit.SignFlask("key", payload, time.Unix(1800000000, 0)))
		if err != nil {
			return // too long
		}
		who, err := cookie.Who()
		if err == nil && (who.ID == "") == (who.Email == "") || len(who.ID)+len(who.Email) > 254 {
			t.Errorf("%+v", who)
		}
	})
}

// The costs of hostile cookies: forged ones cost a few MACs, and only the app can sign others.
func BenchmarkHostile(b *testing.B) {
	keys := parse(b, strings.Repeat("0123456789abcdef\n", 4))
	one := parse(b, "the secret key of the example app")
	longest := strings.Repeat("A", 4096-35) + ".aGr_AA.YPS7NYQnu1Iwb3x-zSAoGv_4SbA"
	bench := func(name string, keys flask.Keys, cookie string) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if cookie, err := keys.Open(cookie); err == nil {
					_, _ = cookie.Who()
				}
			}
		})
	}
	bench("forged", one, "eyJlbWFpbCI6InRlc3RAZ21haWwuY29tIn0.aGr_AA.YPS7NYQnu1Iwb3x-zSAoGv_4SbA")
	bench("forged, longest", one, longest)
	bench("forged, longest, 4 keys", keys, longest)
	bench("too long", keys, strings.Repeat(longest, 200))
	for _, v := range vectors(b) {
		if v.What == "email" || v.What == "bomb" || v.What == "deep" || v.What == "compressed" {
			bench("signed, "+v.What, one, v.Cookie)
		}
	}
	full := append(append([]byte(`{"x":"`), bytes.Repeat([]byte("a"), 16<<10-10)...), `"}`...)
	bench("signed, 16 KiB of JSON", one, testkit.SignFlask("the secret key of the example app", testkit.CompressFlask(full), time.Unix(1800000000, 0)))
	nested := append(append([]byte(`{"x":[`), bytes.Repeat([]byte("[],"), 5_000)...), `0]}`...)
	bench("signed, 15 KB of brackets", one, testkit.SignFlask("the secret key of the example app", testkit.CompressFlask(nested), time.Unix(1800000000, 0)))
}

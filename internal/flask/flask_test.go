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

var userKeys = strings.Split(flask.UserKeys, ",")

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
			names, err := cookie.Names(userKeys)
			if v.Error == "nobody" {
				if !errors.Is(err, flask.ErrNobody) {
					t.Errorf("%+v, %v", names, err)
				}
				return
			}
			if want := (flask.Name{Text: v.ID + v.Email, IsEmail: v.Email != ""}); err != nil || names[0] != want || cookie.Source != flask.Source {
				t.Errorf("%+v, %v, want %+v", names, err, want)
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
		"[a]\n[b]\n":               "no key",
		"[a\nkey\n":                "line 1 begins with [ and does not end with ]",
		"key\n[a]\nother\nkey":     "line 4 is the key of another app, too",
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

// A cookie is of the app whose key has signed it.
func TestSources(t *testing.T) {
	keys := parse(t, "first\n[a]\nsecond\nthird\n\n[]\n[my app]\r\nhex:666f75727468\n")
	for key, want := range map[string]string{"first": "flask", "second": "a", "third": "a", "fourth": "my app"} {
		cookie, err := keys.Open(testkit.SignFlask(key, "e30", time.Unix(1800000000, 0)))
		if err != nil || cookie.Source != want {
			t.Errorf("%s: of %q, %v", key, cookie.Source, err)
		}
	}
}

// All keys that are there name the user.
func TestNames(t *testing.T) {
	for session, want := range map[string]string{
		`{"email":"a@x","_user_id":"2","user_id":3}`: "[{2 false} {3 false} {a@x true}]",
		`{"email":null,"_user_id":"","user_id":3}`:   "[{3 false}]",
		`{"user_id":3,"email":"3"}`:                  "[]",
		`{"user_id":3,"_user_id":[]}`:                "[]",
	} {
		cookie, err := parse(t, testkit.FlaskKey).Open(testkit.FlaskCookie(session, time.Unix(1800000000, 0)))
		if err != nil {
			t.Fatal(err)
		}
		if names, _ := cookie.Names(userKeys); fmt.Sprint(names) != want {
			t.Errorf("%s: %v, want %s", session, names, want)
		}
	}
	for text, want := range map[string]int{"a": 1, " a , b": 2, "": 0, "a,": 0, "1,2,3,4,5,6,7,8,9": 0} {
		if keys, _ := flask.ParseUserKeys(text); len(keys) != want {
			t.Errorf("%q: %q", text, keys)
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
		names, err := cookie.Names(userKeys)
		if (err == nil) == (len(names) == 0) {
			t.Errorf("%+v, %v", names, err)
		}
		for _, name := range names {
			if name.Text == "" || len(name.Text) > 254 {
				t.Errorf("%+v", name)
			}
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
					_, _ = cookie.Names(userKeys)
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

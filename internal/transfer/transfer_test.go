package transfer

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// write makes an export of three users, one with a picture.
func write(t testing.TB) []byte {
	t.Helper()
	scratch, err := os.Create(filepath.Join(t.TempDir(), "scratch"))
	if err != nil {
		t.Fatal(err)
	}
	defer scratch.Close() //nolint:errcheck // a scratch file
	var b bytes.Buffer
	w, err := NewWriter(&b, scratch)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)
	whole, crop := FileName("2", "0123456789abcdef", "image/png"), FileName("2", "fedcba9876543210", "image/jpeg")
	cookie := Fact{FlaskCookie: &FlaskCookie{Hash: "00", ExpiresAt: at}}
	for _, err := range []error{
		w.Server(func(add func(Fact) error) error {
			return errors.Join(add(cookie), add(Fact{Mark: &Mark{"flask_from", at}}))
		}),
		w.File(whole, []byte("picture")), w.File(crop, []byte("crop")),
		w.User(User{ID: "1", Name: "Ada <3", Email: "ada@example.com", CreatedAt: at, SuspendedAt: &at}),
		w.User(User{ID: "2", Email: "bob@example.com", CreatedAt: at, Picture: &Picture{Name: "b.png", File: whole, UpdatedAt: at, Crops: []Crop{{64, crop}, {128, crop}}},
			Sessions: []Session{{ID: "s", TokenHash: "00"}}, Events: []Event{{ID: "e", Count: 2}}}),
		w.User(User{ID: "3", Email: "eve@example.com", CreatedAt: at}),
		w.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// What was written is read: each user with the files of the picture.
func TestRoundTrip(t *testing.T) {
	export := write(t)
	var ids, names []string
	err := Each(bytes.NewReader(export), int64(len(export)), func(u User, files map[string][]byte) error {
		ids = append(ids, u.ID)
		names = append(names, slices.Sorted(maps.Keys(files))...)
		return nil
	})
	if err != nil || !slices.Equal(ids, []string{"1", "2", "3"}) || !slices.Equal(names, []string{"pictures/2/0123456789abcdef.png", "pictures/2/fedcba9876543210.jpg"}) {
		t.Errorf("%v %q %q", err, ids, names)
	}
	facts := 0
	if err := Server(bytes.NewReader(export), int64(len(export)), func(f Fact) error { facts++; return nil }); err != nil || facts != 2 {
		t.Errorf("%d facts, %v", facts, err)
	}
	if err := Verify(bytes.NewReader(export), int64(len(export))); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(export, write(t)) {
		t.Error("equal users do not make equal bytes")
	}
}

// A damaged export is refused.
func TestDamagedExport(t *testing.T) {
	good := write(t)
	for name, damage := range map[string]func([]byte) []byte{
		"empty":          func([]byte) []byte { return nil },
		"cut":            func(b []byte) []byte { return b[:len(b)-2048] },
		"another format": func(b []byte) []byte { return bytes.Replace(b, []byte("cardea-export"), []byte("cardea-backup"), 1) },
		"a missing file": func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"file":"pictures/2/0`), []byte(`"file":"pictures/2/1`), 1)
		},
		"changed": func(b []byte) []byte {
			return bytes.Replace(b, []byte("ada@example.com"), []byte("adb@example.com"), 1)
		},
		"unknown field": func(b []byte) []byte { return bytes.Replace(b, []byte(`"language"`), []byte(`"lanugage"`), 1) },
		"unknown fact":  func(b []byte) []byte { return bytes.Replace(b, []byte(`{"mark"`), []byte(`{"nark"`), 1) },
		"no facts":      func(b []byte) []byte { return bytes.Replace(b, []byte(`server.jsonl`), []byte(`pictures/x/y`), 1) },
		"order":         func(b []byte) []byte { return bytes.Replace(b, []byte(`"id":"3"`), []byte(`"id":"0"`), 1) },
	} {
		export := damage(bytes.Clone(good))
		users := Each(bytes.NewReader(export), int64(len(export)), func(User, map[string][]byte) error { return nil })
		server := Server(bytes.NewReader(export), int64(len(export)), func(Fact) error { return nil })
		if err := Verify(bytes.NewReader(export), int64(len(export))); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s is verified: %v", name, err)
		}
		if err := errors.Join(users, server); name != "changed" && name != "cut" && !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An error names the line and the field.
func TestWrongField(t *testing.T) {
	for old, want := range map[string]string{
		`"email_verified":false`: `line 1 of users.jsonl is not a user: the field "email_verified" cannot be a number`,
		`"language"`:             `line 1 of users.jsonl is not a user: unknown field "languagx"`,
		`"mark"`:                 `line 2 of server.jsonl is not a fact: unknown field "marx"`,
	} {
		new := map[string]string{`"email_verified":false`: `"email_verified":12345`, `"language"`: `"languagx"`, `"mark"`: `"marx"`}[old]
		export := bytes.Replace(write(t), []byte(old), []byte(new), 1)
		users := Each(bytes.NewReader(export), int64(len(export)), func(User, map[string][]byte) error { return nil })
		server := Server(bytes.NewReader(export), int64(len(export)), func(Fact) error { return nil })
		if err := errors.Join(users, server); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", old, err)
		}
	}
}

// Whatever the bytes are, reading ends, in bounded memory.
func FuzzEach(f *testing.F) {
	f.Add(write(f))
	f.Add([]byte("export.json"))
	f.Fuzz(func(t *testing.T, export []byte) {
		err := Each(bytes.NewReader(export), int64(len(export)), func(u User, files map[string][]byte) error {
			if u.Picture != nil && files[u.Picture.File] == nil {
				t.Error("a picture without a file")
			}
			return nil
		})
		err = errors.Join(err, Verify(bytes.NewReader(export), int64(len(export))), Server(bytes.NewReader(export), int64(len(export)), func(Fact) error { return nil }))
		if err != nil && !errors.Is(err, ErrInvalid) && len(err.Error()) > 1000 {
			t.Error(err)
		}
	})
}

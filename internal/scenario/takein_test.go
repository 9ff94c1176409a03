package scenario

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/importer"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// member is one of an export.
type member struct {
	name string
	data []byte
}

// edited is an export whose members went through f, with right sums.
func edited(t *testing.T, export []byte, f func(member) member) []byte {
	t.Helper()
	var out bytes.Buffer
	var sums []byte
	r, w := tar.NewReader(bytes.NewReader(export)), tar.NewWriter(&out)
	for {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		data, readErr := io.ReadAll(r)
		m := f(member{head.Name, data})
		if m.name == "SHA256SUMS" {
			m.data = sums
		} else if !strings.HasPrefix(m.name, "pictures/") {
			sums = fmt.Appendf(sums, "%x  %s\n", sha256.Sum256(m.data), m.name)
		}
		head.Name, head.Size = m.name, int64(len(m.data))
		if err := errors.Join(err, readErr, w.WriteHeader(head)); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// exportWithPicture returns an export of a user who has a picture.
func exportWithPicture(t *testing.T) []byte {
	t.Helper()
	server := testkit.Start(t)
	client := server.NewClient(t)
	client.Register("ada@example.com")
	client.Upload("test.png", testkit.PNG(300, 200)).Want(200)
	return export(t, server)
}

// A picture of an export comes if it is exactly one that Cardea has written.
func TestExportedPictureIsChecked(t *testing.T) {
	good := exportWithPicture(t)
	for name, damage := range map[string]func(m member) member{
		"as it is": func(m member) member { return m },
		"cut":      func(m member) member { m.data = m.data[:len(m.data)/2]; return m },
		"a page after it": func(m member) member {
			m.data = append(m.data, "<script>"...)
			return m
		},
		"another one": func(m member) member { m.data = testkit.PNG(30, 20); return m },
	} {
		bad := edited(t, good, func(m member) member {
			if strings.HasPrefix(m.name, "pictures/") {
				return damage(m)
			}
			return m
		})
		want := map[string]int64{"unreadable": 1}
		if name == "as it is" {
			want = map[string]int64{"imported": 1}
		}
		if done := takeIn(t, testkit.Start(t), bad); !maps.Equal(done.Pictures, want) || done.Outcomes[importer.Imported] != 1 {
			t.Errorf("%s: %v %v", name, done.Pictures, done.Outcomes)
		}
	}
}

// What Cardea would not have written does not come: two crops of one side, and names that lead
// elsewhere.
func TestExportedFieldsAreChecked(t *testing.T) {
	good := exportWithPicture(t)
	for change, want := range map[[2]string]string{
		{`"side":256`, `"side":128`}:                  "unreadable",
		{`"name":"test.png"`, `"name":"../test.png"`}: "bad_picture_name",
		{`"language":""`, `"language":"<script>"`}:    "bad_language",
		{`"old_picture_names":[]`, `"old_picture_names":[{"name":"a/b","used_at":"2026-01-01T00:00:00Z"}]`}: "bad_picture_name",
	} {
		bad := edited(t, good, func(m member) member {
			m.data = bytes.Replace(m.data, []byte(change[0]), []byte(change[1]), 1)
			return m
		})
		if done := takeIn(t, testkit.Start(t), bad); done.Pictures[want]+done.Reasons[want] != 1 {
			t.Errorf("%s: %+v", change[1], done)
		}
	}
}

// Sessions that cannot both be are named in plain words.
func TestExportedSessionTwice(t *testing.T) {
	server := testkit.Start(t)
	server.NewClient(t).Register("ada@example.com")
	bad := edited(t, export(t, server), func(m member) member {
		if before, rest, ok := bytes.Cut(m.data, []byte(`"sessions":[`)); ok && m.name == "users.jsonl" {
			session, _, _ := bytes.Cut(rest, []byte("]"))
			m.data = slices.Concat(before, []byte(`"sessions":[`), session, []byte(","), rest)
		}
		return m
	})
	_, err := testkit.Start(t).Operate(t).TakeIn(t.Context(), bytes.NewReader(bad), int64(len(bad)), importer.Options{})
	if err == nil || !strings.Contains(err.Error(), "another session has the id or the token_hash") || strings.Contains(err.Error(), "UNIQUE") {
		t.Errorf("%v", err)
	}
}

// A picture with something else in it does not come, even under the name of its content.
func TestForeignPictureIsChecked(t *testing.T) {
	picture := append(testkit.PNG(30, 20), "<script>"...)
	if err := (media.Exported{Data: picture}).Check(); !errors.Is(err, media.ErrNotExported) {
		t.Errorf("%v", err)
	}
}

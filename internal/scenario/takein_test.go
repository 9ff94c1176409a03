package scenario

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"maps"
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

// edited is an export whose members went through f.
func edited(t *testing.T, export []byte, f func(member) member) []byte {
	t.Helper()
	var out bytes.Buffer
	r, w := tar.NewReader(bytes.NewReader(export)), tar.NewWriter(&out)
	for {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		data, readErr := io.ReadAll(r)
		m := f(member{head.Name, data})
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

// A picture of an export comes if it is exactly one that Cardea has written.
func TestExportedPictureIsChecked(t *testing.T) {
	server := testkit.Start(t)
	client := server.NewClient(t)
	client.Register("ada@example.com")
	client.Upload("test.png", testkit.PNG(300, 200)).Want(200)
	good := export(t, server)
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

// A picture with something else in it does not come, even under the name of its content.
func TestForeignPictureIsChecked(t *testing.T) {
	picture := append(testkit.PNG(30, 20), "<script>"...)
	if err := (media.Exported{Data: picture}).Check(); !errors.Is(err, media.ErrNotExported) {
		t.Errorf("%v", err)
	}
}

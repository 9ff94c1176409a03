package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func sample(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, "1.2.3", time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(w.SecretKey([]byte("secret")), w.Picture("k3v9", []byte("one")), w.Picture("k3v8", nil),
		w.Database(strings.NewReader("database"), 8), w.Close())
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// readAll reads a whole backup and returns its content as text.
func readAll(data []byte) (string, error) {
	r, err := NewReader(bytes.NewReader(data))
	if err != nil {
		return "", err
	}
	found := r.Info.Release
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, err
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return found, err
		}
		found += " " + e.Key + "=" + string(content)
	}
}

func TestRoundTrip(t *testing.T) {
	if got, err := readAll(sample(t)); err != nil || got != "1.2.3 =secret k3v9=one k3v8= =database" {
		t.Errorf("%q, %v", got, err)
	}
}

// A backup cut anywhere before its padding is refused.
func TestTruncatedBackupIsRefused(t *testing.T) {
	whole := sample(t)
	for end := range bytes.LastIndexByte(whole, '\n') + 1 {
		if got, err := readAll(whole[:end]); !errors.Is(err, ErrInvalid) {
			t.Fatalf("cut at %d of %d: %q, %v", end, len(whole), got, err)
		}
	}
}

// For any input the reader terminates, keeps the order of the kinds and holds their limits.
func FuzzReader(f *testing.F) {
	f.Add([]byte{})
	var b bytes.Buffer
	w, err := NewWriter(&b, "1", time.Unix(0, 0))
	if err = errors.Join(err, w.Picture("k3v9", []byte("one")), w.Database(strings.NewReader("db"), 2), w.Close()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := NewReader(bytes.NewReader(data))
		if err != nil {
			return
		}
		for last := KindInfo; ; {
			e, err := r.Next()
			if err != nil {
				return
			}
			if e.Kind < last || e.Size < 0 || e.Kind == KindPicture && (!isKey(e.Key) || e.Size > MaxPicture) {
				t.Fatalf("%+v", e)
			}
			last = e.Kind
			if n, err := io.Copy(io.Discard, r); err == nil && n != e.Size {
				t.Fatalf("%+v: read %d bytes", e, n)
			}
		}
	})
}

func TestForeignMembersAreRefused(t *testing.T) {
	info := tar.Header{Name: infoName, Typeflag: tar.TypeReg}
	for what, h := range map[string]tar.Header{
		"capital manifest": {Name: "MANIFEST.jsonl", Typeflag: tar.TypeReg},
		"dot dot":          {Name: "pictures/../../etc/passwd", Typeflag: tar.TypeReg},
		"absolute":         {Name: "/pictures/k3v9", Typeflag: tar.TypeReg},
		"dots in key":      {Name: "pictures/k3v9..", Typeflag: tar.TypeReg},
		"folder in key":    {Name: "pictures/k3/k3v9", Typeflag: tar.TypeReg},
		"capital":          {Name: "pictures/K3V9", Typeflag: tar.TypeReg},
		"short key":        {Name: "pictures/k3v", Typeflag: tar.TypeReg},
		"symbolic link":    {Name: "pictures/k3v9", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
		"hard link":        {Name: "cardea.db", Typeflag: tar.TypeLink, Linkname: "secret.key"},
		"folder":           {Name: "pictures/", Typeflag: tar.TypeDir},
		"device":           {Name: "cardea.db", Typeflag: tar.TypeChar},
		"another file":     {Name: "notes.txt", Typeflag: tar.TypeReg},
		"huge picture":     {Name: "pictures/k3v9", Typeflag: tar.TypeReg, Size: MaxPicture + 1},
		"huge key":         {Name: "secret.key", Typeflag: tar.TypeReg, Size: maxSecretKey + 1},
		"info twice":       {Name: infoName, Typeflag: tar.TypeReg},
		"PAX record":       {Name: "pictures/k3v9", Typeflag: tar.TypeReg, PAXRecords: map[string]string{"GNU.sparse.name": "x"}, Format: tar.FormatPAX},
	} {
		t.Run(what, func(t *testing.T) {
			var b bytes.Buffer
			w := tar.NewWriter(&b)
			text := []byte(`{"format":1}`)
			info.Size = int64(len(text))
			err := w.WriteHeader(&info)
			if err == nil {
				_, err = w.Write(text)
			}
			if err = errors.Join(err, w.WriteHeader(&h)); err != nil {
				t.Fatal(err)
			}
			_ = w.Flush()
			if got, err := readAll(b.Bytes()); !errors.Is(err, ErrInvalid) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	for _, data := range []string{"", "hello", strings.Repeat("x", 5000), strings.Repeat("\x00", 5000)} {
		if _, err := readAll([]byte(data)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%.10q: %v", data, err)
		}
	}
	newer := bytes.Replace(sample(t), []byte(`"format":1`), []byte(`"format":2`), 1)
	if _, err := readAll(newer); err == nil || !strings.Contains(err.Error(), "newer release") {
		t.Errorf("a later format: %v", err)
	}
	none := bytes.Replace(sample(t), []byte(`"format":1`), []byte(`"format":0`), 1)
	if _, err := readAll(none); !errors.Is(err, ErrInvalid) {
		t.Errorf("format 0: %v", err)
	}
}

package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// file is a member of a tar file.
type file struct{ name, content string }

// unpack returns the members of a tar file.
func unpack(t *testing.T, data []byte) (files []file) {
	t.Helper()
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file{h.Name, string(content)})
	}
}

func pack(t *testing.T, files []file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		err := w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o600, Size: int64(len(f.content)), Typeflag: tar.TypeReg})
		if _, writing := io.WriteString(w, f.content); errors.Join(err, writing) != nil {
			t.Fatal(err, writing)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The positions of the members in a sample.
const (
	atInfo = iota
	atKey
	atPicture
	atSecondPicture
	atDatabase
	atManifest
)

// The manifest detects every change, omission and addition, and the error names the member.
func TestManifestDetectsEveryChange(t *testing.T) {
	change := func(at int, old, replacement string) func([]file) []file {
		return func(files []file) []file {
			if !strings.Contains(files[at].content, old) {
				t.Fatalf("%s has no %q", files[at].name, old)
			}
			files[at].content = strings.Replace(files[at].content, old, replacement, 1)
			return files
		}
	}
	without := func(at int) func([]file) []file {
		return func(files []file) []file { return slices.Delete(files, at, at+1) }
	}
	with := func(at int, name, content string) func([]file) []file {
		return func(files []file) []file { return slices.Insert(files, at, file{name, content}) }
	}
	for what, c := range map[string]struct {
		change func([]file) []file
		says   string
	}{
		"nothing":                 {func(files []file) []file { return files }, ""},
		"info":                    {change(atInfo, "1.2.3", "1.2.4"), infoName},
		"key":                     {change(atKey, "secret", "public"), secretKeyName},
		"picture":                 {change(atPicture, "one", "two"), "pictures/k3v9"},
		"longer picture":          {change(atSecondPicture, "", "x"), "pictures/k3v8"},
		"database":                {change(atDatabase, "database", "databass"), databaseName},
		"no key":                  {without(atKey), `"secret.key" is missing`},
		"no picture":              {without(atPicture), `"pictures/k3v9" is missing`},
		"no database":             {without(atDatabase), `"cardea.db" is missing`},
		"no manifest":             {without(atManifest), "too early"},
		"one more picture":        {with(atPicture, "pictures/more", ""), `"pictures/more", which its manifest does not list`},
		"one more at the end":     {with(atDatabase, "pictures/more", ""), `"pictures/more", which its manifest does not list`},
		"one more after it":       {with(atManifest+1, "pictures/more", ""), "not expected there"},
		"manifest twice":          {with(atManifest, manifestName, ""), "manifest does not list"},
		"picture twice":           {with(atSecondPicture, "pictures/k3v9", "one"), "manifest does not list"},
		"renamed picture":         {func(files []file) []file { files[atPicture].name += "x"; return files }, `"pictures/k3v9" is missing`},
		"other order":             {func(files []file) []file { slices.Reverse(files[atPicture:atDatabase]); return files }, "manifest does not list"},
		"size in the manifest":    {change(atManifest, `"size":6,`, `"size":7,`), secretKeyName},
		"sum in the manifest":     {change(atManifest, `"sha256":"`, `"sha256":"00`), "manifest cannot be read"},
		"no sum in the manifest":  {change(atManifest, `"sha256"`, `"sha257"`), infoName},
		"no JSON in the manifest": {change(atManifest, "{", "["), "manifest cannot be read"},
		"endless line":            {change(atManifest, "{", strings.Repeat(" ", maxLine)+"{"), "manifest cannot be read"},
		"empty manifest":          {func(files []file) []file { files[atManifest].content = ""; return files }, "manifest does not list"},
		"no database, not listed": {func(files []file) []file {
			manifest := files[atManifest].content
			files[atManifest].content = manifest[:strings.Index(manifest, `{"name":"cardea.db"`)]
			return slices.Delete(files, atDatabase, atDatabase+1)
		}, `"cardea.db" is missing`},
	} {
		t.Run(what, func(t *testing.T) {
			_, err := readAll(pack(t, c.change(unpack(t, sample(t)))))
			if c.says == "" && err != nil || c.says != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

// Only zeros, the padding of a tape block, may follow the end.
func TestDataAfterTheEnd(t *testing.T) {
	if _, err := readAll(append(sample(t), make([]byte, 20_000)...)); err != nil {
		t.Errorf("zeros: %v", err)
	}
	if _, err := readAll(append(sample(t), sample(t)...)); !errors.Is(err, ErrInvalid) {
		t.Errorf("another backup: %v", err)
	}
}

// Next verifies the members that the caller did not read.
func TestSkippedMembersAreVerified(t *testing.T) {
	r, err := NewReader(bytes.NewReader(bytes.Replace(sample(t), []byte("database"), []byte("databass"), 2)))
	for err == nil {
		_, err = r.Next()
	}
	if !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}

func TestCompressedBackup(t *testing.T) {
	if _, err := NewReader(strings.NewReader("\x1f\x8b\x08\x00")); !errors.Is(err, ErrCompressed) {
		t.Error(err)
	}
}

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// repack makes a backup from another one. The function change returns the new content of a
// member, or nil to leave it out.
func repack(t *testing.T, backup []byte, change func(name string, content []byte) []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for r := tar.NewReader(bytes.NewReader(backup)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		content, reading := io.ReadAll(r)
		if errors.Join(err, reading) != nil {
			t.Fatal(err, reading)
		}
		if content = change(h.Name, content); content == nil {
			continue
		}
		h.Size = int64(len(content))
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// forge replaces the content of one kind of member. Unlike repack, it writes a
// matching manifest.
func forge(t *testing.T, backup []byte, kind archive.Kind, replacement []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := archive.NewWriter(&b, "1.2.3", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r, err := archive.NewReader(bytes.NewReader(backup))
	for err == nil {
		var entry archive.Entry
		if entry, err = r.Next(); err != nil {
			break
		}
		content, reading := io.ReadAll(r)
		if entry.Kind == kind {
			content = replacement
		}
		switch entry.Kind {
		case archive.KindSecretKey:
			err = w.SecretKey(content)
		case archive.KindPicture:
			err = w.Picture(entry.Key, content)
		case archive.KindDatabase:
			err = w.Database(bytes.NewReader(content), int64(len(content)))
		case archive.KindInfo:
		}
		err = errors.Join(reading, err)
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// backedUp makes a data folder with a user who has a picture, and a backup of it.
func backedUp(t *testing.T) (data, file string) {
	t.Helper()
	data, file = withPicture(t), filepath.Join(t.TempDir(), "b.tar")
	runOn(t, data, "", "backup", file).wantDone("verified")
	return data, file
}

// The manifest detects changes that would pass all other checks.
func TestRestoreComparesWithTheManifest(t *testing.T) {
	t.Parallel()
	_, file := backedUp(t)
	whole := readFile(t, file)
	otherKey := []byte(base64.StdEncoding.EncodeToString(make([]byte, 32)) + "\n")
	for what, c := range map[string]struct {
		change func(name string, content []byte) []byte
		says   string
	}{
		"a name in the database": {func(_ string, content []byte) []byte {
			return bytes.ReplaceAll(content, []byte("Annann@"), []byte("Eveann@"))
		}, "the content of cardea.db is not what was backed up"},
		"the key": {func(name string, content []byte) []byte {
			if name == "secret.key" {
				return otherKey
			}
			return content
		}, "the content of secret.key is not what was backed up"},
		"no key": {func(name string, content []byte) []byte {
			if name == "secret.key" {
				return nil
			}
			return content
		}, `"secret.key" is missing`},
		"no manifest": {func(name string, content []byte) []byte {
			if name == "manifest.jsonl" {
				return nil
			}
			return content
		}, "ends too early"},
	} {
		changed := repack(t, whole, c.change)
		if bytes.Equal(changed, whole) {
			t.Fatalf("%s: nothing was changed", what)
		}
		to := filepath.Join(t.TempDir(), "restored")
		runOn(t, to, "", "restore", writeFile(t, file, changed)).wantEnd(exitFailed, file, c.says)
		if _, err := os.Stat(to); err == nil {
			t.Errorf("%s: something is left", what)
		}
	}
	same := repack(t, whole, func(_ string, content []byte) []byte { return content })
	runOn(t, filepath.Join(t.TempDir(), "restored"), "", "restore", writeFile(t, file, same)).wantDone()
}

// A backup can be read from a pipe.
func TestRestoreFromStandardInput(t *testing.T) {
	data, file := backedUp(t)
	dir, temporary := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temporary)
	stream := runOn(t, data, "", "backup", "-").wantDone()
	runOn(t, filepath.Join(dir, "a"), stream, "restore", "-").wantDone("1 user, 1 session, 1 picture")
	runOn(t, filepath.Join(dir, "a"), "", "check").wantDone("All is well")
	cut := stream[:len(stream)/2]
	runOn(t, filepath.Join(dir, "b"), cut, "restore", "-").wantEnd(exitFailed, "ends too early")
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("left for others to read: %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "b")); err == nil {
		t.Error("something is left")
	}

	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	if _, err := w.Write(readFile(t, file)); errors.Join(err, w.Close()) != nil {
		t.Fatal(err)
	}
	zipped := writeFile(t, file+".gz", compressed.Bytes())
	runOn(t, filepath.Join(dir, "b"), "", "restore", zipped).wantEnd(exitFailed, "gunzip it first: gunzip -c "+zipped+" | cardea restore -")
}

// A restore of a damaged backup leaves nothing, wherever the damage is.
func TestRestoreAllOrNothing(t *testing.T) {
	t.Parallel()
	data, dir := withPicture(t), t.TempDir()
	file := filepath.Join(dir, "b.tar")
	runOn(t, data, "", "backup", file).wantDone()
	whole := readFile(t, file)
	picture := readFile(t, filesIn(t, filepath.Join(data, "pictures"))[0])
	damage := func(at int, with byte) []byte {
		d := bytes.Clone(whole)
		d[at] ^= with
		return d
	}
	for what, content := range map[string][]byte{
		"cut in the database": whole[:len(whole)-20_000],
		"cut in a picture":    whole[:bytes.Index(whole, picture)+10],
		"changed picture":     damage(bytes.Index(whole, picture)+len(picture)-20, 1),
		"changed database":    damage(bytes.Index(whole, []byte("SQLite format 3"))+100, 0xff),
		"empty":               {},
	} {
		for _, to := range []string{filepath.Join(dir, "new", "folder"), t.TempDir()} {
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
			runOn(t, to, "", "restore", file).wantEnd(exitFailed)
			if entries, err := os.ReadDir(to); len(entries) > 0 {
				t.Errorf("%s: left %v, %v", what, entries, err)
			}
			if _, err := os.Stat(filepath.Join(dir, "new")); err == nil {
				t.Errorf("%s: left the folder", what)
			}
		}
	}
}

// Nothing starts on a data folder whose restore was cut off.
func TestRestoreCutOff(t *testing.T) {
	t.Parallel()
	house.OnlySQLite(t, "it renames the file")
	data := withPicture(t)
	db := filepath.Join(data, "cardea.db")
	if err := os.Rename(db, db+".restoring"); err != nil {
		t.Fatal(err)
	}
	serveOnce(t, data).wantEnd(exitFailed, "cut off", data)
	runOn(t, data, "", "user", "list").wantEnd(exitFailed, "cut off")
	runOn(t, data, "", "restore", filepath.Join(data, "secret.key")).wantEnd(exitFailed, "cut off")
}

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/archive"
)

// repack makes a backup from another: change returns a member's new content, or
// nil to leave it out.
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

func writeFile(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// backedUp is a data folder with a person who has a picture, and a backup of it.
func backedUp(t *testing.T) (data, file string) {
	t.Helper()
	data, file = withPicture(t), filepath.Join(t.TempDir(), "b.tar")
	runOn(t, data, "", "backup", file).wantDone("verified")
	return data, file
}

const keyName = "secret.key"

// The manifest detects changes that would pass all other checks.
func TestRestoreComparesWithTheManifest(t *testing.T) {
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

// A backup comes from a pipe as well as from a file.
func TestRestoreFromStandardInput(t *testing.T) {
	data, file := backedUp(t)
	dir, temporary := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temporary)
	stream := runOn(t, data, "", "backup", "-").wantDone()
	runOn(t, filepath.Join(dir, "a"), stream, "restore", "-").wantDone("1 person, 1 session, 1 picture")
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

// Where nobody reads the stream to its end, no copy of the database stays behind.
func TestBackupToAReaderThatStops(t *testing.T) {
	data, temporary := withPicture(t), t.TempDir()
	t.Setenv("TMPDIR", temporary)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "backup", "-", "--data", data)
	cmd.Stdout = writer
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err == nil || !strings.Contains(said.String(), "not a whole backup") {
		t.Errorf("%v, %s", err, &said)
	}
	if err := writer.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// Without secret.key, or with a damaged one, no more is lost than that devices are known.
func TestDeviceKeyInBackups(t *testing.T) {
	data, file := backedUp(t)
	dir, key := t.TempDir(), filepath.Join(data, keyName)

	writeFile(t, key, []byte("bm90IDMyIGJ5dGVz\n"))
	wantProblem(t, data, "secret.key: "+key+" is damaged; remove it", "1 problem found")
	runOn(t, data, "", "backup", filepath.Join(dir, "damaged.tar")).wantEnd(exitFailed, "is damaged; remove it", "--skip-damaged")
	p := runOn(t, data, "", "backup", filepath.Join(dir, "damaged.tar"), "--skip-damaged")
	if code := p.wait(); code != exitFailed || !strings.Contains(p.stdout.String(), "left out\nBacked up to") {
		t.Errorf("exit code %d: %s", code, &p.stdout)
	}
	runOn(t, filepath.Join(dir, "a"), "", "restore", filepath.Join(dir, "damaged.tar")).wantDone("no secret.key in it")

	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	runOn(t, data, "", "check").wantDone("All is well", "no secret.key in the data folder: the server makes a new one")
	runOn(t, data, "", "check", "--json").wantDone(`"secret_key":"missing"`)
	runOn(t, data, "", "backup", filepath.Join(dir, "missing.tar")).wantDone("no secret.key")

	if err := os.Mkdir(key, 0o700); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, data, "secret.key: "+key+" cannot be read: is a directory")

	damaged := forge(t, readFile(t, file), archive.KindSecretKey, []byte("damaged"))
	to := filepath.Join(dir, "b")
	runOn(t, to, "", "restore", writeFile(t, file, damaged)).wantDone("secret.key in it is damaged, and was left out")
	serve(t, to, cheap).stop() // makes a new one
	runOn(t, to, "", "check", "--json").wantDone(`"secret_key":"present"`)
}

// The picture storage holds pictures only; a backup would be a stray in it.
func TestBackupIntoThePictureStorage(t *testing.T) {
	data := withPicture(t)
	pictures := filepath.Join(data, "pictures")
	below := filepath.Dir(filesIn(t, pictures)[0])
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(below, link); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{pictures, below, link, filepath.Join(pictures, "..", "pictures")} {
		runOn(t, data, "", "backup", filepath.Join(folder, "b.tar")).wantEnd(exitFailed, "in the picture storage")
	}
	runOn(t, data, "", "backup", filepath.Join(data, "b.tar")).wantDone("verified")
	runOn(t, data, "", "check").wantDone("All is well")
}

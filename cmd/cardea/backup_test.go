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
	operate(t, data, "", "backup", file).wantDone("verified")
	return data, file
}

const keyName = "device.key"

// What could be restored without a complaint, and would be something else than
// what was backed up, is refused by the manifest.
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
			if name == keyName {
				return otherKey
			}
			return content
		}, "the content of device.key is not what was backed up"},
		"no key": {func(name string, content []byte) []byte {
			if name == keyName {
				return nil
			}
			return content
		}, `"device.key" is missing`},
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
		operate(t, to, "", "restore", writeFile(t, file, changed)).wantEnd(exitFailed, file, c.says)
		if _, err := os.Stat(to); err == nil {
			t.Errorf("%s: something is left", what)
		}
	}
	same := repack(t, whole, func(_ string, content []byte) []byte { return content })
	operate(t, filepath.Join(t.TempDir(), "restored"), "", "restore", writeFile(t, file, same), "--json").wantDone(`"manifest":true`)
}

// A backup comes from a pipe as well as from a file.
func TestRestoreFromStandardInput(t *testing.T) {
	data, file := backedUp(t)
	dir, temporary := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temporary)
	stream := operate(t, data, "", "backup", "-").wantDone()
	operate(t, filepath.Join(dir, "a"), stream, "restore", "-").wantDone("1 person, 1 session, 1 picture")
	operate(t, filepath.Join(dir, "a"), "", "check").wantDone("All is well")
	cut := stream[:len(stream)/2]
	operate(t, filepath.Join(dir, "b"), cut, "restore", "-").wantEnd(exitFailed, "ends too early")
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
	operate(t, filepath.Join(dir, "b"), "", "restore", zipped).wantEnd(exitFailed, "gunzip it first: gunzip -c "+zipped+" | cardea restore -")
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

// Without device.key, or with a damaged one, no more is lost than that devices are known.
func TestDeviceKeyInBackups(t *testing.T) {
	data, file := backedUp(t)
	dir, key := t.TempDir(), filepath.Join(data, keyName)

	writeFile(t, key, []byte("bm90IDMyIGJ5dGVz\n"))
	wantProblem(t, data, "device.key: "+key+" is damaged; remove it", "1 problem found")
	operate(t, data, "", "backup", filepath.Join(dir, "damaged.tar")).wantEnd(exitFailed, "is damaged; remove it", "--skip-damaged")
	p := operate(t, data, "", "backup", filepath.Join(dir, "damaged.tar"), "--skip-damaged")
	if code := p.wait(); code != exitFailed || !strings.Contains(p.stdout.String(), "left out\nBacked up to") {
		t.Errorf("exit code %d: %s", code, &p.stdout)
	}
	operate(t, filepath.Join(dir, "a"), "", "restore", filepath.Join(dir, "damaged.tar")).wantDone("no device.key in it")

	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	operate(t, data, "", "check").wantDone("All is well", "no device.key in the data folder: the server makes a new one")
	operate(t, data, "", "check", "--json").wantDone(`"device_key":"missing"`)
	operate(t, data, "", "backup", filepath.Join(dir, "missing.tar")).wantDone("no device.key")

	if err := os.Mkdir(key, 0o700); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, data, "device.key: "+key+" cannot be read: is a directory")

	// The form before the manifest did not keep a damaged one out.
	damaged := repack(t, readFile(t, file), func(name string, content []byte) []byte {
		switch name {
		case "cardea-backup.json":
			return bytes.Replace(content, []byte(`"format":2`), []byte(`"format":1`), 1)
		case keyName:
			return []byte("damaged")
		case "manifest.jsonl":
			return nil
		}
		return content
	})
	to := filepath.Join(dir, "b")
	operate(t, to, "", "restore", writeFile(t, file, damaged)).wantDone("device.key in it is damaged, and was left out")
	serve(t, to, cheap).stop() // makes a new one
	operate(t, to, "", "check", "--json").wantDone(`"device_key":"present"`)
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
		operate(t, data, "", "backup", filepath.Join(folder, "b.tar")).wantEnd(exitFailed, "in the picture storage")
	}
	operate(t, data, "", "backup", filepath.Join(data, "b.tar")).wantDone("verified")
	operate(t, data, "", "check").wantDone("All is well")
}

package datadir_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/secret"
)

const label = secret.Label("test")

func line(key string) string { return base64.StdEncoding.EncodeToString([]byte(key)) + "\n" }

var (
	older = line("thirty-two bytes: the older key.")
	newer = line("thirty-two bytes: the newer key.")
)

func parse(t *testing.T, text string) secret.Keys {
	t.Helper()
	keys, err := secret.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// The first start creates a key, later ones read it.
func TestSecretIsCreatedOnce(t *testing.T) {
	dir := datadir.At(t.TempDir(), "", "")
	first, err := dir.Keys()
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir.SecretFile()); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v (%v), want 0600", info.Mode(), err)
	}
	second, err := dir.Keys()
	if err != nil || !bytes.Equal(first.Sub(label).MAC(nil), second.Sub(label).MAC(nil)) {
		t.Errorf("a second start has another key (%v)", err)
	}
	other, err := datadir.At(t.TempDir(), "", "").Keys()
	if err != nil || bytes.Equal(first.Sub(label).MAC(nil), other.Sub(label).MAC(nil)) {
		t.Errorf("another folder has the same key (%v)", err)
	}
}

// The secret may come out of a vault, in every way that such a file is handed over. It
// stays as it is.
func TestSecretFromAVault(t *testing.T) {
	put := func(t *testing.T, path, text string, mode fs.FileMode) string {
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := func(t *testing.T, to, path string) {
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
	}
	want := parse(t, older).Sub(label).MAC(nil)
	for name, place := range map[string]func(t *testing.T, at string) (file string){
		"a file":                            func(t *testing.T, at string) string { return put(t, at, older, 0o600) },
		"a read-only file, without newline": func(t *testing.T, at string) string { return put(t, at, strings.TrimSpace(older), 0o400) },
		"a link, as to a credential of systemd": func(t *testing.T, at string) string {
			file := put(t, filepath.Join(t.TempDir(), "secret.key"), older, 0o400)
			link(t, file, at)
			return file
		},
		"links through a folder, as Kubernetes mounts secrets": func(t *testing.T, at string) string {
			mount := t.TempDir()
			if err := os.Mkdir(filepath.Join(mount, "..2026_11_22"), 0o755); err != nil {
				t.Fatal(err)
			}
			file := put(t, filepath.Join(mount, "..2026_11_22", "secret.key"), older, 0o444)
			link(t, "..2026_11_22", filepath.Join(mount, "..data"))
			link(t, filepath.Join("..data", "secret.key"), filepath.Join(mount, "secret.key"))
			link(t, filepath.Join(mount, "secret.key"), at)
			return file
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := datadir.At(t.TempDir(), "", "")
			file := place(t, dir.SecretFile())
			before := stateOf(t, dir.SecretFile(), file)
			keys, err := dir.Keys()
			if err != nil {
				t.Fatal(err)
			}
			if got := keys.Sub(label).MAC(nil); !bytes.Equal(got, want) {
				t.Error("another key")
			}
			if after := stateOf(t, dir.SecretFile(), file); after != before {
				t.Errorf("the file was %s, is %s", before, after)
			}
		})
	}
}

// stateOf describes a file that must stay as it is: kind and mode of what is at a path,
// and the text of the file behind it.
func stateOf(t *testing.T, at, file string) string {
	t.Helper()
	info, err := os.Lstat(at)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().String() + " " + string(text)
}

// A vault that is not mounted, or holds something else, stops the start. A new key in
// its place would go unnoticed.
func TestUnusableSecret(t *testing.T) {
	for name, place := range map[string]func(at string) error{
		"a dangling link": func(at string) error { return os.Symlink("/nowhere/secret.key", at) },
		"too short":       func(at string) error { return os.WriteFile(at, []byte("c2hvcnQ=\n"), 0o600) },
		"empty":           func(at string) error { return os.WriteFile(at, nil, 0o600) },
		"a folder":        func(at string) error { return os.Mkdir(at, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := datadir.At(t.TempDir(), "", "")
			if err := place(dir.SecretFile()); err != nil {
				t.Fatal(err)
			}
			if _, err := dir.Keys(); err == nil || !strings.Contains(err.Error(), dir.SecretFile()) {
				t.Errorf("Keys: %v", err)
			}
			text, state, err := dir.ReadSecret()
			if text != nil || state != datadir.KeyDamaged || err == nil || strings.Count(err.Error(), dir.SecretFile()) != 1 {
				t.Errorf("ReadSecret: %q, %s, %v; want it damaged and an error with the path, once", text, state, err)
			}
		})
	}
}

// A backup carries the secret as it is.
func TestRestoreSecret(t *testing.T) {
	from, to := datadir.At(t.TempDir(), "", ""), datadir.At(t.TempDir(), "", "")
	if _, state, err := from.ReadSecret(); err != nil || state != datadir.KeyMissing {
		t.Errorf("without a file: %s, %v", state, err)
	}
	write(t, from.SecretFile(), newer+older)
	text, state, err := from.ReadSecret()
	if err != nil || state != datadir.KeyPresent {
		t.Fatalf("%s, %v", state, err)
	}

	if state, err := to.RestoreSecret(nil); err != nil || state != datadir.KeyMissing {
		t.Errorf("nothing restored: %s, %v", state, err)
	}
	if state, err := to.RestoreSecret([]byte("damaged")); err != nil || state != datadir.KeyDamaged {
		t.Errorf("a damaged one restored: %s, %v", state, err)
	}
	if _, err := os.Lstat(to.SecretFile()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was written: %v", err)
	}
	if state, err := to.RestoreSecret(text); err != nil || state != datadir.KeyPresent {
		t.Errorf("restored: %s, %v", state, err)
	}
	if got := stateOf(t, to.SecretFile(), to.SecretFile()); got != "-rw------- "+newer+older {
		t.Errorf("restored %q", got)
	}
}

// A secret.key that is there already, such as a mounted one, is kept. It must have the keys of the backup.
func TestRestoreSecretKeepsTheFile(t *testing.T) {
	for name, c := range map[string]struct {
		there, restored string
		says            string // empty: it is kept
	}{
		"the same":              {older, older, ""},
		"without a newline":     {strings.TrimSpace(older), older, ""},
		"with a newer one":      {newer + older, older, ""},
		"none in the backup":    {older, "", ""},
		"a damaged one in it":   {older, "damaged", ""},
		"another":               {newer, older, "lacks the key of the backup"},
		"one of two":            {newer, newer + older, "lacks the key of the backup"},
		"a damaged one mounted": {"damaged", older, "cannot be used"},
	} {
		dir := datadir.At(t.TempDir(), "", "")
		write(t, dir.SecretFile(), c.there)
		var text []byte
		if c.restored != "" {
			text = []byte(c.restored)
		}
		state, err := dir.RestoreSecret(text)
		switch {
		case c.says == "" && (err != nil || state != datadir.KeyPresent):
			t.Errorf("%s: %s, %v", name, state, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), dir.SecretFile())):
			t.Errorf("%s: %v", name, err)
		}
		if got, err := os.ReadFile(dir.SecretFile()); err != nil || string(got) != c.there {
			t.Errorf("%s: the file is %q now, %v", name, got, err)
		}
	}
}

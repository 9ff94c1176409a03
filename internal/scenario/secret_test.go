package scenario

import (
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// The key of device cookies may come out of a vault, by whichever way such a secret is
// handed over: a device that one server knows is known to another with that key, and
// the file stays as it was put there.
func TestDeviceKeyFromAVault(t *testing.T) {
	key := base64.StdEncoding.EncodeToString([]byte("thirty-two bytes out of a vault.")) // as of openssl rand -base64 32
	put := func(t *testing.T, path, text string, mode fs.FileMode) string {
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := func(t *testing.T, to, path string) string {
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const account = "ada@example.com"
	data, device := t.TempDir(), ""
	for i, way := range []struct {
		name  string
		place func(t *testing.T, at string) (file string)
	}{
		{"a file", func(t *testing.T, at string) string { return put(t, at, key+"\n", 0o600) }},
		{"only to be read, and without a line's end", func(t *testing.T, at string) string { return put(t, at, key, 0o400) }},
		{"a link, as to a credential of systemd", func(t *testing.T, at string) string {
			file := put(t, filepath.Join(t.TempDir(), "device.key"), key+"\n", 0o400)
			link(t, file, at)
			return file
		}},
		{"a link to a link through a folder, as Kubernetes mounts secrets", func(t *testing.T, at string) string {
			mount := t.TempDir()
			if err := os.Mkdir(filepath.Join(mount, "..2026_11_22"), 0o755); err != nil {
				t.Fatal(err)
			}
			file := put(t, filepath.Join(mount, "..2026_11_22", "device.key"), key, 0o444)
			link(t, "..2026_11_22", filepath.Join(mount, "..data"))
			link(t, filepath.Join("..data", "device.key"), filepath.Join(mount, "device.key"))
			link(t, filepath.Join(mount, "device.key"), at)
			return file
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			at := filepath.Join(data, "device.key")
			_ = os.Remove(at) // the one before
			file := way.place(t, at)
			before := state(t, at, file)
			server := testkit.Start(t, testkit.Throttled, testkit.On(data))
			if i == 0 {
				for _, c := range server.From(t, "192.0.2.1").Post("/api/register", testkit.Registration("Ada", account, "simplepass")).Want(201).Cookies {
					if c.Name == "session-device" {
						device = c.Value
					}
				}
			}
			for range 10 {
				server.From(t, "198.51.100.1").Post("/api/login", testkit.Credentials(account, "wrongpass"))
			}
			server.From(t, "192.0.2.1").Post("/api/login", testkit.Credentials(account, "simplepass")).WantThrottled()
			known := server.From(t, "192.0.2.1")
			known.Header.Set("Cookie", "session-device="+device)
			known.Login(account)
			server.Stop()
			if after := state(t, at, file); after != before {
				t.Errorf("the key was %s, is %s", before, after)
			}
		})
	}
}

// state tells all of a file that must stay as it is: kind and mode of what is at a
// path, and the text of the file behind it.
func state(t *testing.T, at, file string) string {
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

// A vault that is not there, or has something else, stops the start: a key of our
// own in its place would go unnoticed.
func TestDeviceKeyThatIsNone(t *testing.T) {
	for name, place := range map[string]func(at string) error{
		"a link to nowhere": func(at string) error { return os.Symlink("/nowhere/device.key", at) },
		"too short":         func(at string) error { return os.WriteFile(at, []byte("c2hvcnQ=\n"), 0o600) },
		"not base 64":       func(at string) error { return os.WriteFile(at, []byte("thirty-two bytes, but not encoded"), 0o600) },
		"empty":             func(at string) error { return os.WriteFile(at, nil, 0o600) },
		"a folder":          func(at string) error { return os.Mkdir(at, 0o700) },
	} {
		data := t.TempDir()
		at := filepath.Join(data, "device.key")
		if err := place(at); err != nil {
			t.Fatal(err)
		}
		server, err := cardea.New(cardea.Config{Data: data})
		if err == nil {
			_ = server.Close()
		}
		if err == nil || !strings.Contains(err.Error(), at) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

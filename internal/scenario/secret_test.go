package scenario

import (
	"encoding/base64"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// The key of device cookies may come from a vault, in any of the usual ways. Servers with
// the same key know the same devices, and leave the file as it is.
func TestDeviceKeyFromAVault(t *testing.T) {
	key := base64.StdEncoding.EncodeToString([]byte("thirty-two bytes from one vault.")) // as of openssl rand -base64 32
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
	data := t.TempDir()
	var device *http.Cookie
	for i, way := range []struct {
		name  string
		place func(t *testing.T, at string) (file string)
	}{
		{"a file", func(t *testing.T, at string) string { return put(t, at, key+"\n", 0o600) }},
		{"a read-only file without a final newline", func(t *testing.T, at string) string { return put(t, at, key, 0o400) }},
		{"a link to a systemd credential", func(t *testing.T, at string) string {
			file := put(t, filepath.Join(t.TempDir(), "device.key"), key+"\n", 0o400)
			link(t, file, at)
			return file
		}},
		{"links as Kubernetes mounts secrets", func(t *testing.T, at string) string {
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
			_ = os.Remove(at) // of the case before
			file := way.place(t, at)
			before := state(t, at, file)
			server := testkit.Start(t, testkit.Throttled, testkit.On(data))
			if i == 0 {
				device = server.From(t, "192.0.2.1").Register(account).Device()
			}
			for range 10 {
				server.From(t, "198.51.100.1").Guess(account)
			}
			server.From(t, "192.0.2.1").Post("/api/login", testkit.Credentials(account, "simplepass")).WantThrottled()
			server.FromDevice(t, "192.0.2.1", device).Login(account)
			server.Stop()
			if after := state(t, at, file); after != before {
				t.Errorf("the key was %s, is %s", before, after)
			}
		})
	}
}

// state describes what must not change: kind and mode of the file at a path, and the text
// of the file that it leads to.
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

// The server does not start with a missing or malformed key. If it made a new key instead,
// nobody would notice.
func TestBadDeviceKey(t *testing.T) {
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

// An operator who suspects that the key is known removes it. The server makes a new one
// and forgets all devices. Nobody is signed out.
func TestDeviceKeyIsReplaced(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	client := server.From(t, "192.0.2.1")
	device := client.Register("ada@example.com").Device()
	server.Stop()
	key := filepath.Join(server.Data, "device.key")
	old, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	server = testkit.Start(t, testkit.Throttled, testkit.On(server.Data))
	if now, err := os.ReadFile(key); err != nil || string(now) == string(old) {
		t.Errorf("the key is the old one (%v)", err)
	}
	again := server.From(t, "192.0.2.1")
	again.Cookie = client.Cookie
	again.Get("/api/user").Want(200)
	for range 10 {
		server.From(t, "198.51.100.1").Guess("ada@example.com").Want(401)
	}
	server.FromDevice(t, "192.0.2.1", device).Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantThrottled()
}

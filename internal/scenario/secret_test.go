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
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// The secret key may come from a vault, in any of the usual ways. Servers with the same key
// know the same devices and sign the same addresses. They leave the file as it is.
func TestSecretKeyFromAVault(t *testing.T) {
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
	house.Address(t, data) // the database of all cases
	var device *http.Cookie
	var avatar string
	for i, way := range []struct {
		name  string
		place func(t *testing.T, at string) (file string)
	}{
		{"a file", func(t *testing.T, at string) string { return put(t, at, key+"\n", 0o600) }},
		{"a read-only file without a final newline", func(t *testing.T, at string) string { return put(t, at, key, 0o400) }},
		{"a link to a systemd credential", func(t *testing.T, at string) string {
			file := put(t, filepath.Join(t.TempDir(), "secret.key"), key+"\n", 0o400)
			link(t, file, at)
			return file
		}},
		{"links as Kubernetes mounts secrets", func(t *testing.T, at string) string {
			mount := t.TempDir()
			if err := os.Mkdir(filepath.Join(mount, "..2026_11_22"), 0o755); err != nil {
				t.Fatal(err)
			}
			file := put(t, filepath.Join(mount, "..2026_11_22", "secret.key"), key, 0o444)
			link(t, "..2026_11_22", filepath.Join(mount, "..data"))
			link(t, filepath.Join("..data", "secret.key"), filepath.Join(mount, "secret.key"))
			link(t, filepath.Join(mount, "secret.key"), at)
			return file
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			at := filepath.Join(data, "secret.key")
			_ = os.Remove(at) // of the case before
			file := way.place(t, at)
			before := state(t, at, file)
			server := testkit.Start(t, testkit.Throttled, testkit.On(data))
			if i == 0 {
				ada := server.From(t, "192.0.2.1")
				device = ada.Register(account).Device()
				avatar = ada.Avatar()
			}
			server.NewClient(t).Get(avatar).Want(http.StatusOK)
			for range 10 {
				server.From(t, "198.51.100.1").Guess(account)
			}
			server.From(t, "198.51.100.1").Post("/api/login", testkit.Credentials(account, "simplepass")).WantThrottled()
			server.FromDevice(t, "198.51.100.1", device).Login(account)
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

// The server does not start with a malformed key or a dangling link. A new key instead would
// go unnoticed.
func TestBadSecretKey(t *testing.T) {
	for name, place := range map[string]func(at string) error{
		"a link to nowhere": func(at string) error { return os.Symlink("/nowhere/secret.key", at) },
		"too short":         func(at string) error { return os.WriteFile(at, []byte("c2hvcnQ=\n"), 0o600) },
		"one bad of two": func(at string) error {
			return os.WriteFile(at, []byte(base64.StdEncoding.EncodeToString(make([]byte, 32))+"\nc2hvcnQ=\n"), 0o600)
		},
		"not base 64": func(at string) error { return os.WriteFile(at, []byte("thirty-two bytes, but not encoded"), 0o600) },
		"empty":       func(at string) error { return os.WriteFile(at, nil, 0o600) },
		"a folder":    func(at string) error { return os.Mkdir(at, 0o700) },
	} {
		data := t.TempDir()
		at := filepath.Join(data, "secret.key")
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

// An operator who suspects that the key is known removes it. The server makes a new one.
// All devices are unknown then, and default avatars have new addresses. Users stay signed
// in.
func TestSecretKeyIsReplaced(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	client := server.From(t, "192.0.2.1")
	device := client.Register("ada@example.com").Device()
	avatar := client.Avatar()
	server.Stop()
	key := filepath.Join(server.Data, "secret.key")
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
	again.Get(again.Avatar()).Want(200)
	again.Get(avatar).WantError(404, "picture_not_found")
	for range 10 {
		server.From(t, "198.51.100.1").Guess("ada@example.com").Want(401)
	}
	server.FromDevice(t, "198.51.100.1", device).Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantThrottled()
}

// Keys are rotated: the new one goes first. Devices stay known and addresses of default
// avatars keep working while the old key is listed. After it is removed, devices that have
// signed in meanwhile are still known.
func TestSecretKeyIsRotated(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	key := filepath.Join(server.Data, "secret.key")
	ada := server.From(t, "192.0.2.1")
	asleep := ada.Register("ada@example.com").Device()
	active := server.From(t, "192.0.2.1").Login("ada@example.com").Device()
	oldAvatar := ada.Avatar()
	for range 10 { // without a known device, the account is throttled
		server.From(t, "198.51.100.1").Guess("ada@example.com").Want(401)
	}
	server.Stop()
	old, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	restart := func(keys string) {
		t.Helper()
		if err := os.WriteFile(key, []byte(keys), 0o600); err != nil {
			t.Fatal(err)
		}
		server = testkit.Start(t, testkit.Throttled, testkit.On(server.Data))
		ada.URL = server.URL
	}
	next := base64.StdEncoding.EncodeToString([]byte("thirty-two bytes from one vault.")) + "\n"

	restart(next + string(old))
	newAvatar := ada.Avatar()
	if newAvatar == oldAvatar {
		t.Error("the address of the avatar is still signed with the old key")
	}
	ada.Get(oldAvatar).Want(200)
	ada.Get(newAvatar).Want(200)
	active = server.FromDevice(t, "198.51.100.1", active).Login("ada@example.com").Device()
	server.Stop()

	restart(next)
	ada.Get(oldAvatar).WantError(404, "picture_not_found")
	ada.Get(newAvatar).Want(200)
	credentials := testkit.Credentials("ada@example.com", "simplepass")
	server.FromDevice(t, "198.51.100.1", active).Post("/api/login", credentials).Want(200)
	server.FromDevice(t, "198.51.100.1", asleep).Guess("ada@example.com").WantThrottled()
}

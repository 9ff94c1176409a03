package cardea

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cardea-accounts/cardea/internal/account"
)

// deviceSecret reads the key that device cookies are signed with from the data
// folder. It may have been put there, out of a vault, as a file or a symbolic link; if
// there is none, it is made. Whoever loses it loses only that devices are known.
func deviceSecret(data string) ([]byte, error) {
	path := deviceKeyFile(data)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return newDeviceSecret(path)
	}
	text, err := os.ReadFile(path) //nolint:gosec // the operator names the folder
	if err != nil {
		return nil, fmt.Errorf("cannot read the key of device cookies: %w", err) // a link to nowhere, too, which no key of our own must replace
	}
	return parseDeviceSecret(path, text)
}

func parseDeviceSecret(path string, text []byte) ([]byte, error) {
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) != account.SecretSize {
		return nil, fmt.Errorf("%s is damaged; remove it, and the server makes a new one of %d bytes in base 64 when it starts; then no device is known any more",
			path, account.SecretSize)
	}
	return secret, nil
}

func deviceKeyFile(data string) string { return filepath.Join(data, "device.key") }

// KeyState is how it stands with device.key, in a data folder or in a backup.
type KeyState string

// The states.
const (
	KeyPresent KeyState = "present"
	KeyMissing KeyState = "missing" // the server makes a new one when it starts; then no device is known any more
	KeyDamaged KeyState = "damaged" // the server does not start with it
)

// readDeviceKey reads device.key as it is, whole or missing. Any other state is
// an error that says what to do.
func readDeviceKey(data string) (text []byte, state KeyState, err error) {
	path := deviceKeyFile(data)
	text, err = os.ReadFile(path) //nolint:gosec // the operator names the folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil, KeyMissing, nil
	}
	if err != nil {
		return nil, KeyDamaged, fmt.Errorf("%s cannot be read: %w; make it readable, or remove it, and the server makes a new one when it starts; then no device is known any more", path, reason(err))
	}
	if _, err := parseDeviceSecret(path, text); err != nil {
		return nil, KeyDamaged, err
	}
	return text, KeyPresent, nil
}

// newDeviceSecret writes the file under another name first, so that it is there
// whole or not at all.
func newDeviceSecret(path string) ([]byte, error) {
	secret := make([]byte, account.SecretSize)
	rand.Read(secret)
	text := base64.StdEncoding.EncodeToString(secret) + "\n"
	if err := os.WriteFile(path+".tmp", []byte(text), 0o600); err != nil {
		return nil, err
	}
	return secret, os.Rename(path+".tmp", path)
}

package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cardea-accounts/cardea/internal/durable"
	"github.com/cardea-accounts/cardea/internal/secret"
)

// SecretFile is the path of the secret keys. The file may be a link, for instance to a
// secret that an orchestrator mounts.
func (d Dir) SecretFile() string { return filepath.Join(d.Path, "secret.key") }

// Keys reads secret.key, or creates it with one random key if it is missing. A dangling
// link is an error: a vault that is not mounted must not be replaced by a new key.
func (d Dir) Keys() (secret.Keys, error) {
	if !d.hasSecret() {
		keys := secret.New()
		return keys, durable.WriteNew(d.SecretFile(), []byte(keys.Text()), 0o600)
	}
	text, err := os.ReadFile(d.SecretFile())
	if err != nil {
		return secret.Keys{}, d.damaged(err)
	}
	keys, err := secret.Parse(string(text))
	if err != nil {
		return secret.Keys{}, d.damaged(err)
	}
	return keys, nil
}

// hasSecret reports whether there is a file or a link, even a dangling one.
func (d Dir) hasSecret() bool {
	_, err := os.Lstat(d.SecretFile())
	return !errors.Is(err, fs.ErrNotExist)
}

// KeyState is the state of secret.key, in a data folder or in a backup.
type KeyState string

// The states.
const (
	KeyPresent KeyState = "present"
	KeyMissing KeyState = "missing" // the server creates one when it starts
	KeyDamaged KeyState = "damaged" // the server does not start with it
)

// ReadSecret reads the text of secret.key for a backup or a check. A missing file is no
// error. If the state is [KeyDamaged], the error says what to do.
func (d Dir) ReadSecret() (text []byte, state KeyState, err error) {
	if !d.hasSecret() {
		return nil, KeyMissing, nil
	}
	text, err = os.ReadFile(d.SecretFile())
	if err != nil {
		return nil, KeyDamaged, d.damaged(err)
	}
	if _, err := secret.Parse(string(text)); err != nil {
		return nil, KeyDamaged, d.damaged(err)
	}
	return text, KeyPresent, nil
}

// RestoreSecret writes secret.key with the text from a backup, durably, and returns the state of
// secret.key afterwards. It leaves out a damaged one, because the server would not start, and writes
// nothing if text is nil. It keeps a file that is there already, such as one that an orchestrator
// mounts, and fails if that lacks a key of the backup.
func (d Dir) RestoreSecret(text []byte) (KeyState, error) {
	restored, unusable := secret.Parse(string(text))
	switch {
	case d.hasSecret():
		return d.keepSecret(restored)
	case text == nil:
		return KeyMissing, nil
	case unusable != nil:
		return KeyDamaged, nil
	}
	return KeyPresent, durable.WriteNew(d.SecretFile(), text, 0o600)
}

// keepSecret fails unless secret.key has all keys of a backup.
func (d Dir) keepSecret(restored secret.Keys) (KeyState, error) {
	there, state, err := d.ReadSecret()
	if err != nil {
		return state, err
	}
	kept, err := secret.Parse(string(there))
	for key := range strings.Lines(restored.Text()) {
		if !strings.Contains(kept.Text(), key) {
			return state, fmt.Errorf("%s lacks the key of the backup, and the data needs that key: "+
				"add it to the file (tar -xOf BACKUP secret.key prints it), or remove the file, and restore again", d.SecretFile())
		}
	}
	return state, err
}

// damaged says what to do about a file that is of no use.
func (d Dir) damaged(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err // without the path, which the message has already
	}
	return fmt.Errorf("%s cannot be used: %w. Put the right file there. If it is lost, remove this one: the server creates a new one when it starts, "+
		"then known devices and the addresses of default avatars change", d.SecretFile(), err)
}

package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
)

// ErrSealed means that a sealed value was changed, belongs to another context, or was
// sealed with a key that is gone.
var ErrSealed = errors.New("secret: the sealed value cannot be opened with the keys in secret.key")

// Seal encrypts a value with the newest key (AES-256-GCM with a random nonce, NIST SP
// 800-38D). The context, such as the id of the row, is not kept: [Sub.Open] wants the same.
// One key is safe for 2^32 values.
func (s Sub) Seal(plain, context []byte) []byte {
	return gcm(s.keys[0]).Seal(nil, nil, plain, context) //nolint:gosec // the nonce is random, see gcm
}

// Open decrypts a value that [Sub.Seal] encrypted with any of the keys. Error: [ErrSealed].
func (s Sub) Open(sealed, context []byte) ([]byte, error) {
	for _, key := range s.keys {
		if plain, err := gcm(key).Open(nil, nil, sealed, context); err == nil {
			return plain, nil
		}
	}
	return nil, ErrSealed
}

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for a key of another size
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // only for a block of another size
	}
	return aead
}

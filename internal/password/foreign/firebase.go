package foreign

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
)

// Firebase has the parameters of a Firebase project, as its console shows them under
// "Password hash parameters".
type Firebase struct {
	SignerKey     string // base64_signer_key
	SaltSeparator string // base64_salt_separator
	Rounds        int    // rounds
	MemCost       int    // mem_cost
}

// Hash returns the string to store for a user, from passwordHash and salt of an export.
func (f Firebase) Hash(passwordHash, salt string) string {
	return fmt.Sprintf("$firebase-scrypt$mem_cost=%d,rounds=%d$%s$%s$%s$%s", f.MemCost, f.Rounds, f.SignerKey, f.SaltSeparator, salt, passwordHash)
}

// firebaseScrypt reads what [Firebase.Hash] returns: parameters, signer key, salt separator,
// salt and hash, all in base 64 with padding. The hash is the signer key, encrypted by
// AES-256-CTR with a key that scrypt derives from the password
// (https://github.com/firebase/scrypt).
func firebaseScrypt(fields []string) (Hash, error) {
	if len(fields) != 6 {
		return Hash{}, ErrUnknown
	}
	params, okParams := numbers(fields[1], "mem_cost", "rounds")
	var parts [4][]byte
	ok := okParams
	for i, field := range fields[2:] {
		part, isRight := decode(padded, field)
		parts[i], ok = part, ok && isRight
	}
	signer, separator, salt, key := parts[0], parts[1], parts[2], parts[3]
	if !ok || len(signer) == 0 || len(key) != len(signer) {
		return Hash{}, ErrUnknown
	}
	s := scryptOf{1 << min(params[0], 31), params[1], 1}
	if !s.isValid() {
		return Hash{}, ErrUnknown
	}
	salt = append(salt, separator...)
	return bounded("firebase-scrypt", s.memory(), s.cost(), equals(key, func(password []byte) ([]byte, error) {
		aesKey, err := s.derive(password, salt, 32)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(aesKey)
		if err != nil {
			return nil, err
		}
		sealed := make([]byte, len(signer))
		cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(sealed, signer) //nolint:gosec // Firebase's IV is zero
		return sealed, nil
	}))
}

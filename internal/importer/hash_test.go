package importer

import (
	"errors"
	"strings"
	"testing"
)

// A hash that would cost too much is not called unknown, whatever its parameters are.
func TestCostlyHashes(t *testing.T) {
	hex64 := strings.Repeat("00", 64)
	digits := strings.Repeat("a1234567890123f0", 8)
	for hash, want := range map[string]string{
		"scrypt:2147483648:8:1$salt$" + hex64:                               "too_costly_hash",
		"scrypt:2147483648:8:1$salt$" + digits:                              "too_costly_hash",
		"scrypt:99999999999999999999:8:1$salt$" + hex64:                     "too_costly_hash",
		"pbkdf2:sha256:4294967296$salt$" + hex64[:64]:                       "too_costly_hash",
		"pbkdf2_sha256$4294967296$salt$" + strings.Repeat("A", 43) + "=":    "too_costly_hash",
		"$argon2id$v=19$m=4294967295,t=3,p=4$c29tZXNhbHQ$" + hex64[:43]:     "too_costly_hash",
		"$argon2id$v=19$m=65536,t=4294967295,p=4$c29tZXNhbHQ$" + hex64[:43]: "too_costly_hash",
		"scrypt:262144:8:1$salt$" + hex64:                                   "too_costly_hash",
		"scrypt:2147483648:8:1$salt$short":                                  "unknown_hash",
		"unknown:2147483648$salt$" + hex64:                                  "unknown_hash",
		"4294967296":                                                        "unknown_hash",
	} {
		_, _, err := acceptedHash(hash, false)
		why, _ := errors.AsType[reject](err)
		if why.reason != want || want == "too_costly_hash" && !strings.Contains(why.message, "256 MiB") {
			t.Errorf("%s: %v", hash, err)
		}
	}
}

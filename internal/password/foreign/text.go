package foreign

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
)

// Encodings of salts and keys.
var (
	padded   = base64.StdEncoding
	unpadded = base64.RawStdEncoding
	// passlib's "adapted" base 64
	adapted = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./").WithPadding(base64.NoPadding)
	// of bcrypt
	bcrypt64 = base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").WithPadding(base64.NoPadding)
)

// decode reads base 64 in its only right spelling.
func decode(encoding *base64.Encoding, s string) ([]byte, bool) {
	b, err := encoding.DecodeString(s)
	return b, err == nil && encoding.EncodeToString(b) == s
}

// decodeKey reads a key of a size in bytes.
func decodeKey(encoding *base64.Encoding, s string, size int) ([]byte, bool) {
	b, ok := decode(encoding, s)
	return b, ok && len(b) == size
}

// decodeHex reads a key in lower case.
func decodeHex(s string, size int) ([]byte, bool) {
	b, err := hex.DecodeString(s)
	return b, err == nil && len(b) == size && hex.EncodeToString(b) == s
}

// number reads a positive decimal number of at most 31 bits without leading zeros.
func number(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 32)
	return n, err == nil && n > 0 && strconv.FormatInt(n, 10) == s
}

// numbers reads "m=1024,t=2" for the names m and t, in this order.
func numbers(s string, names ...string) ([]int64, bool) {
	fields := strings.Split(s, ",")
	if len(fields) != len(names) {
		return nil, false
	}
	var values []int64
	for i, name := range names {
		digits, isNamed := strings.CutPrefix(fields[i], name+"=")
		n, ok := number(digits)
		if !isNamed || !ok {
			return nil, false
		}
		values = append(values, n)
	}
	return values, true
}

// isPrintable reports whether a string has only visible ASCII, and no spaces. So have the
// salts that libraries make.
func isPrintable(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

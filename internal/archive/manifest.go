package archive

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// member is a line of the manifest. Those of a backup are kept in memory while it
// is written or read: about 300 bytes of memory a picture, as measured.
type member struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 sum    `json:"sha256"`
}

// sum is a SHA-256; in JSON it is hexadecimal.
type sum [sha256.Size]byte

func (s sum) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(s[:])), nil }

func (s *sum) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(s)) {
		return hex.ErrLength
	}
	_, err := hex.Decode(s[:], text)
	return err
}

func writeManifest(w io.Writer, members []member) error {
	lines := json.NewEncoder(w)
	for _, m := range members {
		if err := lines.Encode(m); err != nil {
			return err
		}
	}
	return nil
}

// length counts the bytes that are written to it.
type length int64

func (l *length) Write(p []byte) (int, error) {
	*l += length(len(p))
	return len(p), nil
}

// maxLine is more than a line of the manifest needs, in bytes.
const maxLine = 1 << 10

// compareManifest reads a manifest and fails with [ErrInvalid] unless it lists
// what was found in the backup: all of it, in this order, and nothing else.
func compareManifest(r io.Reader, found []member) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	n := 0
	for ; lines.Scan(); n++ {
		var listed member
		if err := json.Unmarshal(lines.Bytes(), &listed); err != nil {
			return fmt.Errorf("%w: its manifest cannot be read", ErrInvalid)
		}
		if n == len(found) || listed.Name != found[n].Name {
			return misplaced(listed.Name, found, n)
		}
		if listed != found[n] {
			return fmt.Errorf("%w: the content of %s is not what was backed up", ErrInvalid, listed.Name)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%w: its manifest cannot be read", ErrInvalid)
	}
	if n < len(found) {
		return extra(found[n].Name)
	}
	return nil
}

// misplaced says why a name that the manifest lists is not that of the nth member.
func misplaced(listed string, found []member, n int) error {
	if slices.ContainsFunc(found, func(m member) bool { return m.Name == listed }) {
		return extra(found[n].Name)
	}
	return fmt.Errorf("%w: %q is missing in it", ErrInvalid, listed)
}

func extra(name string) error {
	return fmt.Errorf("%w: it holds %q, which its manifest does not list", ErrInvalid, name)
}

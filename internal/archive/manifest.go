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

// member is a line of the manifest. [Writer] and [Reader] keep all members of a
// backup in memory, about 300 bytes each.
type member struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 digest `json:"sha256"`
}

// digest is a SHA-256, in hexadecimal when it is JSON.
type digest [sha256.Size]byte

func (d digest) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(d[:])), nil }

func (d *digest) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(d)) {
		return hex.ErrLength
	}
	_, err := hex.Decode(d[:], text)
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

// byteCount counts the bytes written to it.
type byteCount int64

func (c *byteCount) Write(p []byte) (int, error) {
	*c += byteCount(len(p))
	return len(p), nil
}

// maxLine is the limit for a line of the manifest, in bytes. The longest is about 180.
const maxLine = 1 << 10

// compareManifest reads a manifest and compares it with the members found in the
// backup. It returns [ErrInvalid] unless the manifest lists exactly these members,
// in this order.
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
			return nameMismatch(listed.Name, found, n)
		}
		if listed != found[n] {
			return fmt.Errorf("%w: the content of %s is not what was backed up", ErrInvalid, listed.Name)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%w: its manifest cannot be read", ErrInvalid)
	}
	if n < len(found) {
		return notListed(found[n].Name)
	}
	return nil
}

// nameMismatch returns the error for a listed name that is not the name of the nth
// member.
func nameMismatch(listed string, found []member, n int) error {
	if slices.ContainsFunc(found, func(m member) bool { return m.Name == listed }) {
		return notListed(found[n].Name)
	}
	return fmt.Errorf("%w: %q is missing", ErrInvalid, listed)
}

func notListed(name string) error {
	return fmt.Errorf("%w: it holds %q, which its manifest does not list", ErrInvalid, name)
}

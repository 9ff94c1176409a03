package transfer

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// Verify reads an export once, without the pictures, and compares it with its SHA256SUMS. So a
// changed byte is found before anything is stored. It shows damage, not forgery. Error:
// [ErrInvalid].
func Verify(export io.ReaderAt, size int64) error {
	if _, err := findMember(io.NewSectionReader(export, 0, size), usersName); err != nil {
		return err
	}
	r := tar.NewReader(io.NewSectionReader(export, 0, size))
	var sums bytes.Buffer
	for {
		head, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return invalid("there is no %s", sumsName)
		case err != nil:
			return invalid("it cannot be read as a tar file")
		case head.Name == infoName || head.Name == serverName || head.Name == usersName:
			sum := sha256.New()
			if _, err := io.Copy(sum, r); err != nil { //nolint:gosec // it is not compressed
				return invalid("%s ends too early", head.Name)
			}
			fmt.Fprintf(&sums, "%x  %s\n", sum.Sum(nil), head.Name)
		case head.Name == sumsName:
			found, err := io.ReadAll(io.LimitReader(r, maxInfo))
			if err != nil || !bytes.Equal(found, sums.Bytes()) {
				return invalid("its content is not what %s says, so it was changed after the export", sumsName)
			}
			return nil
		}
		if sums.Len() > maxInfo {
			return invalid("it has a member twice")
		}
	}
}

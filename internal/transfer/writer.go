package transfer

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Writer writes an export: first what belongs to no user, then all files of pictures, then all
// users, both in the order of the ids.
type Writer struct {
	tar     *tar.Writer
	lines   *json.Encoder
	buffer  *bufio.Writer
	scratch *os.File
	sums    bytes.Buffer // content of SHA256SUMS
}

// NewWriter starts an export on w. What has lines is collected in scratch, because the size of a
// member of a tar file comes first.
func NewWriter(w io.Writer, scratch *os.File) (*Writer, error) {
	out := &Writer{tar: tar.NewWriter(w), buffer: bufio.NewWriterSize(scratch, 256<<10), scratch: scratch}
	out.lines = json.NewEncoder(out.buffer)
	out.lines.SetEscapeHTML(false)
	data, err := json.Marshal(current)
	if err != nil {
		return nil, err
	}
	data = append(data, '\n')
	out.sum(infoName, sha256.Sum256(data))
	return out, out.add(infoName, data)
}

// Server adds what belongs to no user: the facts that each hands to add.
func (w *Writer) Server(each func(add func(Fact) error) error) error {
	if err := each(func(f Fact) error { return w.lines.Encode(f) }); err != nil {
		return err
	}
	if err := w.move(serverName); err != nil {
		return err
	}
	if _, err := w.scratch.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return w.scratch.Truncate(0)
}

// File adds a file of a picture, by its name from [FileName].
func (w *Writer) File(name string, data []byte) error { return w.add(name, data) }

// User adds a user.
func (w *Writer) User(u User) error { return w.lines.Encode(u) }

// Close writes the users and ends the export. It closes neither file.
func (w *Writer) Close() error {
	if err := w.move(usersName); err != nil {
		return err
	}
	return errors.Join(w.add(sumsName, w.sums.Bytes()), w.tar.Close())
}

// sum notes the SHA-256 of a member, as the command sha256sum does.
func (w *Writer) sum(name string, sum [sha256.Size]byte) {
	fmt.Fprintf(&w.sums, "%x  %s\n", sum, name)
}

// move writes what was collected in scratch as a member.
func (w *Writer) move(name string) error {
	if err := w.buffer.Flush(); err != nil {
		return err
	}
	size, err := w.scratch.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if _, err := w.scratch.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := w.header(name, size); err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.CopyN(io.MultiWriter(w.tar, sum), w.scratch, size)
	w.sum(name, [sha256.Size]byte(sum.Sum(nil)))
	return err
}

func (w *Writer) add(name string, data []byte) error {
	if err := w.header(name, int64(len(data))); err != nil {
		return err
	}
	_, err := w.tar.Write(data)
	return err
}

func (w *Writer) header(name string, size int64) error {
	return w.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, Typeflag: tar.TypeReg})
}

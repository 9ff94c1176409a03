package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
)

// Reader reads a backup member by member. [Reader.Next] moves to the next member and
// Read reads its content. The content is verified only when Next returns [io.EOF]: do
// not trust any of it earlier.
type Reader struct {
	Info    Info
	source  *bufio.Reader
	tar     *tar.Reader
	last    Kind
	current member    // the member being read
	hash    hash.Hash // of the bytes read from it
	found   []member  // the members before it
}

// Entry describes a member of a backup.
type Entry struct {
	Kind Kind
	Key  string // of a picture; empty otherwise
	Size int64  // in bytes
}

// gzipMagic is the start of every gzip file (RFC 1952, section 2.3.1).
var gzipMagic = []byte{0x1f, 0x8b}

// NewReader reads the start of a backup. Errors: [ErrInvalid], [ErrCompressed].
func NewReader(r io.Reader) (*Reader, error) {
	source := bufio.NewReader(r)
	if start, _ := source.Peek(len(gzipMagic)); bytes.Equal(start, gzipMagic) {
		return nil, ErrCompressed
	}
	reader := &Reader{source: source, tar: tar.NewReader(source), hash: sha256.New()}
	entry, err := reader.Next()
	if err != nil {
		return nil, err
	}
	if entry.Kind != KindInfo {
		return nil, ErrInvalid
	}
	data, err := io.ReadAll(reader)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &reader.Info); err != nil || reader.Info.Format < format {
		return nil, ErrInvalid
	}
	if reader.Info.Format > format {
		return nil, errors.New("the backup was made by a newer release of Cardea: restore it with that release")
	}
	return reader, nil
}

// Next moves to the next member. The caller need not have read the one before. After
// the last member, Next returns [io.EOF] if the whole backup matches its manifest.
// Error: [ErrInvalid].
func (r *Reader) Next() (Entry, error) {
	if err := r.finish(); err != nil {
		return Entry{}, err
	}
	h, err := r.tar.Next()
	if errors.Is(err, io.EOF) {
		return Entry{}, r.end()
	}
	if err != nil {
		return Entry{}, damaged(err)
	}
	entry, err := entryOf(h)
	if err != nil {
		return Entry{}, err
	}
	if entry.Kind < r.last || entry.Kind == r.last && entry.Kind != KindPicture {
		return Entry{}, fmt.Errorf("%w: %q is not expected there", ErrInvalid, h.Name)
	}
	if entry.Kind == kindManifest {
		if err := r.checkManifest(); err != nil {
			return Entry{}, err
		}
		r.last = kindManifest
		return r.Next()
	}
	r.last = entry.Kind
	r.current = member{Name: h.Name, Size: h.Size}
	r.hash.Reset()
	return entry, nil
}

// finish reads the rest of the current member and records its digest.
func (r *Reader) finish() error {
	if r.current.Name == "" {
		return nil
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	r.hash.Sum(r.current.SHA256[:0])
	r.found = append(r.found, r.current)
	r.current = member{}
	return nil
}

func (r *Reader) checkManifest() error {
	if err := compareManifest(r.tar, r.found); err != nil {
		return err
	}
	if r.last != KindDatabase {
		return fmt.Errorf("%w: %q is missing", ErrInvalid, databaseName)
	}
	return nil
}

// end returns [io.EOF] if the backup is complete. Only zeros may follow a tar file,
// because tape blocks are padded with them.
func (r *Reader) end() error {
	if r.last != kindManifest {
		return fmt.Errorf("%w: it ends too early", ErrInvalid)
	}
	rest := make([]byte, 4<<10)
	for {
		n, err := r.source.Read(rest)
		if len(bytes.Trim(rest[:n], "\x00")) > 0 {
			return fmt.Errorf("%w: data follows its end", ErrInvalid)
		}
		if err != nil {
			return err
		}
	}
}

// Read reads the content of the current member.
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.tar.Read(p)
	r.hash.Write(p[:n])
	if err != nil && !errors.Is(err, io.EOF) {
		err = damaged(err)
	}
	return n, err
}

// damaged returns [ErrInvalid] with a reason for the errors of the tar reader.
func damaged(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it ends too early", ErrInvalid)
	case errors.Is(err, tar.ErrHeader):
		return fmt.Errorf("%w: it is not a whole tar file", ErrInvalid)
	}
	return err
}

// entryOf accepts regular files with the names above. Because it refuses all others,
// no member can be a path out of the backup.
func entryOf(h *tar.Header) (Entry, error) {
	refused := fmt.Errorf("%w: it holds %q", ErrInvalid, h.Name)
	for record := range h.PAXRecords {
		if record != "size" { // needed for a database above 8 GiB
			return Entry{}, refused
		}
	}
	if h.Typeflag != tar.TypeReg {
		return Entry{}, refused
	}
	e := Entry{Size: h.Size}
	limit := int64(0)
	switch key, isPicture := strings.CutPrefix(h.Name, pictureFolder); {
	case isPicture && isKey(key):
		e.Kind, e.Key, limit = KindPicture, key, MaxPicture
	case h.Name == infoName:
		e.Kind, limit = KindInfo, maxInfo
	case h.Name == secretKeyName:
		e.Kind, limit = KindSecretKey, maxSecretKey
	case h.Name == databaseName:
		e.Kind, limit = KindDatabase, h.Size
	case h.Name == manifestName:
		e.Kind, limit = kindManifest, h.Size // it is read line by line
	default:
		return Entry{}, refused
	}
	if h.Size > limit {
		return Entry{}, fmt.Errorf("%w: %q has %d bytes", ErrInvalid, h.Name, h.Size)
	}
	return e, nil
}

// isKey reports whether s can be a key of the picture storage.
func isKey(s string) bool {
	return len(s) >= 4 && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

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

// Reader reads a backup entry by entry; what [Reader.Next] returned is read from
// the Reader itself. That all is as it was written is known at the end only, when
// Next returns [io.EOF]; until then nothing of it is to be trusted.
type Reader struct {
	Info  Info
	below *bufio.Reader
	tar   *tar.Reader
	last  Kind
	entry member    // that is being read
	hash  hash.Hash // of what was read of it
	found []member  // before it
}

// Entry is one file in a backup.
type Entry struct {
	Kind Kind
	Key  string // of a picture
	Size int64  // in bytes
}

// gzipMagic begins every gzip file (RFC 1952, 2.3.1).
var gzipMagic = []byte{0x1f, 0x8b}

// NewReader reads the beginning of a backup. Errors: [ErrInvalid], [ErrCompressed].
func NewReader(r io.Reader) (*Reader, error) {
	below := bufio.NewReader(r)
	if start, _ := below.Peek(len(gzipMagic)); bytes.Equal(start, gzipMagic) {
		return nil, ErrCompressed
	}
	in := &Reader{below: below, tar: tar.NewReader(below), hash: sha256.New()}
	entry, err := in.Next()
	if err != nil {
		return nil, err
	}
	if entry.Kind != KindInfo {
		return nil, ErrInvalid
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &in.Info); err != nil || in.Info.Format < 1 {
		return nil, ErrInvalid
	}
	if in.Info.Format > format {
		return nil, errors.New("the backup was made by a newer release of Cardea: restore it with that release")
	}
	return in, nil
}

// Next goes on to the next entry, whether the one before was read or not. Behind the
// last one it returns [io.EOF], if everything is as the manifest says.
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
	if entry.Kind < r.last || entry.Kind == r.last && entry.Kind != KindPicture || entry.Kind == kindManifest && !r.Info.HasManifest() {
		return Entry{}, fmt.Errorf("%w: %q is not expected there", ErrInvalid, h.Name)
	}
	if entry.Kind == kindManifest {
		if err := r.compare(); err != nil {
			return Entry{}, err
		}
		r.last = kindManifest
		return r.Next()
	}
	r.last = entry.Kind
	r.entry = member{Name: h.Name, Size: h.Size}
	r.hash.Reset()
	return entry, nil
}

// finish reads what was left of an entry, and keeps its sum.
func (r *Reader) finish() error {
	if r.entry.Name == "" {
		return nil
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	r.hash.Sum(r.entry.SHA256[:0])
	r.found = append(r.found, r.entry)
	r.entry = member{}
	return nil
}

func (r *Reader) compare() error {
	if err := compareManifest(r.tar, r.found); err != nil {
		return err
	}
	if r.last != KindDatabase {
		return fmt.Errorf("%w: %q is missing in it", ErrInvalid, databaseName)
	}
	return nil
}

// end returns [io.EOF] where a backup may end. What fills up the last block of a
// tape is zero; anything else is not part of the backup.
func (r *Reader) end() error {
	if r.last != kindManifest && (r.last != KindDatabase || r.Info.HasManifest()) {
		return fmt.Errorf("%w: it ends too early", ErrInvalid)
	}
	rest := make([]byte, 4<<10)
	for {
		n, err := r.below.Read(rest)
		if len(bytes.Trim(rest[:n], "\x00")) > 0 {
			return fmt.Errorf("%w: something follows behind its end", ErrInvalid)
		}
		if err != nil {
			return err
		}
	}
}

// Read reads from the entry.
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.tar.Read(p)
	r.hash.Write(p[:n])
	if err != nil && !errors.Is(err, io.EOF) {
		err = damaged(err)
	}
	return n, err
}

// damaged says in words what the tar reader found.
func damaged(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it ends too early", ErrInvalid)
	case errors.Is(err, tar.ErrHeader):
		return fmt.Errorf("%w: it is not a whole tar file", ErrInvalid)
	}
	return err
}

// entryOf accepts plain files of the names above, and of no other: no path leads
// anywhere else.
func entryOf(h *tar.Header) (Entry, error) {
	refused := fmt.Errorf("%w: it holds %q", ErrInvalid, h.Name)
	for record := range h.PAXRecords {
		if record != "size" { // of a database above 8 GiB
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
	case h.Name == deviceKeyName:
		e.Kind, limit = KindDeviceKey, maxDeviceKey
	case h.Name == databaseName:
		e.Kind, limit = KindDatabase, h.Size
	case h.Name == manifestName:
		e.Kind, limit = kindManifest, h.Size // read line by line
	default:
		return Entry{}, refused
	}
	if h.Size > limit {
		return Entry{}, fmt.Errorf("%w: %q has %d bytes", ErrInvalid, h.Name, h.Size)
	}
	return e, nil
}

// isKey accepts what can be a key of the picture storage.
func isKey(s string) bool {
	return len(s) >= 4 && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

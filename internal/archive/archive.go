// Package archive is the form of a backup: one tar file that holds, in this order,
//
//	cardea-backup.json   what made it, and when
//	device.key           the key of device cookies; may be missing
//	pictures/{key}       each picture's bytes, under its key
//	cardea.db            the database
//
// The database comes last, because which picture a person has may change until
// all are copied. [Reader] accepts this and nothing else: what it reads may have
// been made by anybody.
package archive

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Kind is what an entry holds, in the order of the file.
type Kind int

// The kinds.
const (
	KindInfo Kind = iota + 1
	KindDeviceKey
	KindPicture
	KindDatabase
)

const (
	infoName      = "cardea-backup.json"
	deviceKeyName = "device.key"
	pictureFolder = "pictures/"
	databaseName  = "cardea.db"
)

// Sizes in bytes, beyond which an entry is refused. A picture as it is stored has
// at most 1,024 pixels a side, of at most four bytes.
const (
	maxInfo      = 64 << 10
	maxDeviceKey = 1 << 10
	MaxPicture   = 16 << 20
)

// format is that of the whole file, for later releases to tell.
const format = 1

// ErrInvalid: the file is no backup, or a damaged one.
var ErrInvalid = errors.New("not a backup of Cardea, or a damaged one")

// Info says what made a backup, and when.
type Info struct {
	Format    int       `json:"format"`
	Release   string    `json:"release"`
	CreatedAt time.Time `json:"created_at"`
}

// Writer writes a backup; the order of the calls is that of the file.
type Writer struct {
	tar *tar.Writer
	at  time.Time
}

// NewWriter begins a backup.
func NewWriter(w io.Writer, release string, at time.Time) (*Writer, error) {
	out := &Writer{tar.NewWriter(w), at.UTC().Truncate(time.Second)}
	info, err := json.Marshal(Info{format, release, out.at})
	if err != nil {
		return nil, err
	}
	return out, out.add(infoName, append(info, '\n'))
}

// DeviceKey adds the key of device cookies.
func (w *Writer) DeviceKey(data []byte) error { return w.add(deviceKeyName, data) }

// Picture adds a picture.
func (w *Writer) Picture(key string, data []byte) error { return w.add(pictureFolder+key, data) }

// Database adds the database, from a reader of that many bytes.
func (w *Writer) Database(r io.Reader, size int64) error {
	if err := w.begin(databaseName, size); err != nil {
		return err
	}
	_, err := io.CopyN(w.tar, r, size)
	return err
}

// Close ends the backup. It does not close what is below.
func (w *Writer) Close() error { return w.tar.Close() }

func (w *Writer) add(name string, data []byte) error {
	if err := w.begin(name, int64(len(data))); err != nil {
		return err
	}
	_, err := w.tar.Write(data)
	return err
}

func (w *Writer) begin(name string, size int64) error {
	return w.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: w.at, Typeflag: tar.TypeReg})
}

// Reader reads a backup entry by entry; what [Reader.Next] returned is read from
// the Reader itself.
type Reader struct {
	Info Info
	tar  *tar.Reader
	last Kind
}

// Entry is one file in a backup.
type Entry struct {
	Kind Kind
	Key  string // of a picture
	Size int64  // in bytes
}

// NewReader reads the beginning of a backup. Where r can seek, what is not read of
// it is passed over.
func NewReader(r io.Reader) (*Reader, error) {
	in := &Reader{tar: tar.NewReader(r)}
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

// Next goes on to the next entry, or returns [io.EOF] behind the last one.
func (r *Reader) Next() (Entry, error) {
	h, err := r.tar.Next()
	if errors.Is(err, io.EOF) && r.last == KindDatabase {
		return Entry{}, io.EOF
	}
	if errors.Is(err, io.EOF) {
		return Entry{}, fmt.Errorf("%w: it ends too early", ErrInvalid)
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
	r.last = entry.Kind
	return entry, nil
}

// Read reads from the entry.
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.tar.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = damaged(err)
	}
	return n, err
}

func damaged(err error) error {
	if errors.Is(err, tar.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
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

package archive

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io"
	"time"
)

// Writer writes a backup; the order of the calls is that of the file.
type Writer struct {
	tar     *tar.Writer
	at      time.Time
	written []member
}

// NewWriter begins a backup.
func NewWriter(w io.Writer, release string, at time.Time) (*Writer, error) {
	out := &Writer{tar: tar.NewWriter(w), at: at.UTC().Truncate(time.Second)}
	info, err := json.Marshal(Info{format, release, out.at})
	if err != nil {
		return nil, err
	}
	return out, out.addBytes(infoName, append(info, '\n'))
}

// DeviceKey adds the key of device cookies.
func (w *Writer) DeviceKey(data []byte) error { return w.addBytes(deviceKeyName, data) }

// Picture adds a picture.
func (w *Writer) Picture(key string, data []byte) error { return w.addBytes(pictureFolder+key, data) }

// Database adds the database, from a reader of that many bytes.
func (w *Writer) Database(r io.Reader, size int64) error { return w.add(databaseName, r, size) }

// Close adds the manifest and ends the backup. It does not close what is below.
func (w *Writer) Close() error {
	var size length // the header has to say it, and the text of many members would take much memory
	if err := writeManifest(&size, w.written); err != nil {
		return err
	}
	if err := w.begin(manifestName, int64(size)); err != nil {
		return err
	}
	if err := writeManifest(w.tar, w.written); err != nil {
		return err
	}
	return w.tar.Close()
}

func (w *Writer) addBytes(name string, data []byte) error {
	return w.add(name, bytes.NewReader(data), int64(len(data)))
}

func (w *Writer) add(name string, r io.Reader, size int64) error {
	if err := w.begin(name, size); err != nil {
		return err
	}
	hash := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(w.tar, hash), r, size); err != nil {
		return err
	}
	w.written = append(w.written, member{name, size, sum(hash.Sum(nil))})
	return nil
}

func (w *Writer) begin(name string, size int64) error {
	return w.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: w.at, Typeflag: tar.TypeReg})
}

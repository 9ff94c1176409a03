package archive

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io"
	"time"
)

// Writer writes a backup. Call its methods in the order of the members.
type Writer struct {
	tar     *tar.Writer
	modTime time.Time
	written []member
}

// NewWriter starts a backup on w. It writes the first member, which names the
// release and the time of the backup.
func NewWriter(w io.Writer, release string, at time.Time) (*Writer, error) {
	out := &Writer{tar: tar.NewWriter(w), modTime: at.UTC().Truncate(time.Second)}
	info, err := json.Marshal(Info{format, release, out.modTime})
	if err != nil {
		return nil, err
	}
	return out, out.addBytes(infoName, append(info, '\n'))
}

// SecretKey adds the content of secret.key.
func (w *Writer) SecretKey(data []byte) error { return w.addBytes(secretKeyName, data) }

// Picture adds a picture.
func (w *Writer) Picture(key string, data []byte) error { return w.addBytes(pictureFolder+key, data) }

// Database adds the database, which is size bytes from r.
func (w *Writer) Database(r io.Reader, size int64) error { return w.add(databaseName, r, size) }

// Close adds the manifest and finishes the backup. It does not close the
// underlying writer.
func (w *Writer) Close() error {
	// The tar header needs the size. Counting first avoids a copy in memory.
	var size byteCount
	if err := writeManifest(&size, w.written); err != nil {
		return err
	}
	if err := w.writeHeader(manifestName, int64(size)); err != nil {
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
	if err := w.writeHeader(name, size); err != nil {
		return err
	}
	hash := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(w.tar, hash), r, size); err != nil {
		return err
	}
	w.written = append(w.written, member{name, size, digest(hash.Sum(nil))})
	return nil
}

func (w *Writer) writeHeader(name string, size int64) error {
	return w.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: w.modTime, Typeflag: tar.TypeReg})
}

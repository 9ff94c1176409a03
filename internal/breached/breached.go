// Package breached looks passwords up in a list of those that were found in
// breaches: a file of their SHA-1 hashes, sorted, as the downloader of Have I Been
// Pwned writes it (https://github.com/HaveIBeenPwned/PwnedPasswordsDownloader). A line
// is a hash of 40 hexadecimal digits, in either case, and maybe a colon with how often
// it was found; it ends with LF or CRLF. The whole list has some 40 GB, so it is
// searched where it lies, and nothing of it is kept in memory.
package breached

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // the list's key, and nothing else: passwords are kept as Argon2id hashes
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// List is an open list. Its methods may be called from any goroutine.
type List struct {
	file io.ReaderAt
	size int64
	io.Closer
}

// ErrNotAList: the file is none of sorted SHA-1 hashes.
var ErrNotAList = errors.New(`not a list of SHA-1 hashes, sorted by hash, a line each, as "HASH:count" or "HASH"`)

// Open opens a list. It looks at some of its lines, and so finds a file that is
// something else or sorted by something else: [ErrNotAList].
func Open(path string) (*List, error) {
	info, err := os.Stat(path) // first, since opening a pipe would wait
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	l := &List{file: f, size: info.Size(), Closer: f}
	if err := l.sample(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return l, nil
}

// samples is how many lines [Open] looks at: a list that is sorted by something else
// passes with a chance of one in 64!, and reading them takes some milliseconds.
const samples = 64

// sample fails unless lines all over the list are hashes in their order. A list
// without lines is none: most likely something went wrong with it.
func (l *List) sample() error {
	if l.size == 0 {
		return fmt.Errorf("the file is empty: %w", ErrNotAList)
	}
	var last line
	for i := range int64(samples + 1) {
		at, err := l.lineAt(min(l.size-1, l.size/samples*i), 0)
		if err != nil {
			return err
		}
		if bytes.Compare(at.hash[:], last.hash[:]) < 0 {
			return fmt.Errorf("the line at byte %d should stand before the one at byte %d: %w", at.start, last.start, ErrNotAList)
		}
		last = at
	}
	return nil
}

// Has tells whether a password is in the list; a nil List has none. It reads about
// as many blocks as the list's size has binary digits.
func (l *List) Has(password string) (bool, error) {
	if l == nil {
		return false, nil
	}
	hash := sha1.Sum([]byte(password)) //nolint:gosec // see the import
	low, high := int64(0), l.size      // where the line begins, if it is there
	for low < high {
		middle, err := l.lineAt(low+(high-low)/2, low)
		if err != nil {
			return false, err
		}
		switch order := bytes.Compare(hash[:], middle.hash[:]); {
		case order < 0:
			high = middle.start
		case order > 0:
			low = middle.end
		default:
			return true, nil
		}
	}
	return false, nil
}

// maxLine bounds a line with its end: 40 digits, a colon, a count of at most 20 digits, CRLF.
const maxLine = 63

// line is a line of the list.
type line struct {
	start, end int64 // end is where the next one begins
	hash       [sha1.Size]byte
}

// lineAt reads the line that the byte at an offset belongs to. A line is known to
// begin at first, which is not behind the offset.
func (l *List) lineAt(offset, first int64) (line, error) {
	from := max(first, offset-maxLine)
	block := make([]byte, min(l.size, offset+maxLine)-from)
	if n, err := l.file.ReadAt(block, from); n < len(block) {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // the file has become shorter
		}
		return line{}, err
	}
	begin := bytes.LastIndexByte(block[:offset-from], '\n') + 1
	if begin == 0 && from > first {
		return line{}, fmt.Errorf("the line at byte %d is too long: %w", offset, ErrNotAList)
	}
	text, _, ended := bytes.Cut(block[begin:], []byte("\n"))
	found := line{start: from + int64(begin), end: from + int64(begin+len(text))}
	if ended {
		found.end++
	}
	text, _, _ = bytes.Cut(bytes.TrimSuffix(text, []byte("\r")), []byte(":"))
	if !ended && found.end < l.size || len(text) != hex.EncodedLen(sha1.Size) {
		return line{}, fmt.Errorf("the line at byte %d begins with no SHA-1 hash: %w", found.start, ErrNotAList)
	}
	if _, err := hex.Decode(found.hash[:], text); err != nil {
		return line{}, fmt.Errorf("the line at byte %d begins with no SHA-1 hash: %w", found.start, ErrNotAList)
	}
	return found, nil
}

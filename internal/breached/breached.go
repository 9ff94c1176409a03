// Package breached looks passwords up in a list of breached passwords.
//
// The list is a sorted file of SHA-1 hashes, as the downloader of Have I Been Pwned
// writes it (https://github.com/HaveIBeenPwned/PwnedPasswordsDownloader). Each line
// has a hash of 40 hexadecimal digits in either case, and optionally a colon and a
// count. Lines end with LF or CRLF. The whole list has about 40 GB, so [List.Has] does
// a binary search in the file and keeps nothing in memory.
package breached

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // only to search the list; passwords are stored as Argon2id hashes
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// List is an open list. It is safe for concurrent use.
type List struct {
	file io.ReaderAt
	size int64
	io.Closer
}

// ErrNotAList means that the file is malformed or not sorted.
var ErrNotAList = errors.New(`not a list of SHA-1 hashes, sorted by hash, with "HASH:count" or "HASH" on each line`)

// Open opens a list. It samples some lines to detect a file that is malformed or not
// sorted by hash. Error: [ErrNotAList].
func Open(path string) (*List, error) {
	info, err := os.Stat(path) // before opening, which would block on a pipe
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
	mark := make([]byte, len(byteOrderMark))
	if _, err := f.ReadAt(mark, 0); err == nil && string(mark) == byteOrderMark {
		l.size -= int64(len(mark))
		l.file = io.NewSectionReader(f, int64(len(mark)), l.size)
	}
	if err := l.checkSamples(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return l, nil
}

// byteOrderMark is what some editors put before a text. A list may begin with it.
const byteOrderMark = "\ufeff"

// samples is the number of lines that [Open] checks. An unsorted list passes with a
// probability of one in 64!.
const samples = 64

// checkSamples returns [ErrNotAList] unless lines spread over the list are hashes in
// ascending order. An empty list is refused because it is most likely a failed download.
func (l *List) checkSamples() error {
	if l.size == 0 {
		return fmt.Errorf("the file is empty: %w", ErrNotAList)
	}
	var last line
	for i := range int64(samples + 1) {
		next, err := l.lineAt(min(l.size-1, l.size/samples*i), 0)
		if err != nil {
			return err
		}
		if bytes.Compare(next.hash[:], last.hash[:]) < 0 {
			return fmt.Errorf("the line at byte %d is out of order with the line at byte %d: %w", next.start, last.start, ErrNotAList)
		}
		last = next
	}
	return nil
}

// Has reports whether a password is in the list. A nil List is empty. The number of
// reads grows with the logarithm of the list's size.
func (l *List) Has(password string) (bool, error) {
	if l == nil {
		return false, nil
	}
	hash := sha1.Sum([]byte(password)) //nolint:gosec // see the import
	low, high := int64(0), l.size      // bounds for the start of the line
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

// maxLine is the limit for a line: 40 digits, a colon, a count of at most 20 digits
// and CRLF.
const maxLine = 63

// line is a line of the list.
type line struct {
	start, end int64 // end is the start of the next line
	hash       [sha1.Size]byte
}

// lineAt reads the line that contains the byte at offset. lineStart is the start of
// some line at or before offset.
func (l *List) lineAt(offset, lineStart int64) (line, error) {
	from := max(lineStart, offset-maxLine)
	block := make([]byte, min(l.size, offset+maxLine)-from)
	if n, err := l.file.ReadAt(block, from); n < len(block) {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // the file was truncated
		}
		return line{}, err
	}
	begin := bytes.LastIndexByte(block[:offset-from], '\n') + 1
	if begin == 0 && from > lineStart {
		return line{}, fmt.Errorf("the line at byte %d is too long: %w", offset, ErrNotAList)
	}
	text, _, ended := bytes.Cut(block[begin:], []byte("\n"))
	found := line{start: from + int64(begin), end: from + int64(begin+len(text))}
	if ended {
		found.end++
	}
	text, _, _ = bytes.Cut(bytes.TrimSuffix(text, []byte("\r")), []byte(":"))
	if !ended && found.end < l.size || len(text) != hex.EncodedLen(sha1.Size) {
		return line{}, fmt.Errorf("the line at byte %d does not start with a SHA-1 hash: %w", found.start, ErrNotAList)
	}
	if _, err := hex.Decode(found.hash[:], text); err != nil {
		return line{}, fmt.Errorf("the line at byte %d does not start with a SHA-1 hash: %w", found.start, ErrNotAList)
	}
	return found, nil
}

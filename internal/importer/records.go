package importer

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
)

// maxLine bounds a line, in bytes, and a record of several lines. Values that are read are at
// most maxValue; others, such as a biography, may be longer.
const maxLine = 1 << 20

// records reads the records of a CSV file. A quote that is not closed spoils its line, and no
// other.
type records struct {
	lines *bufio.Reader
	ahead [][]byte // lines that were read, and are still to come
	comma rune
}

func newRecords(file io.Reader) *records {
	lines := bufio.NewReaderSize(file, 64<<10)
	if mark, _ := lines.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) { // a byte order mark
		_, _ = lines.Discard(3)
	}
	return &records{lines: lines, comma: ','}
}

// head reads the names of the columns.
func (r *records) head() ([]string, error) {
	line, err := r.line()
	if err != nil {
		return nil, err
	}
	r.comma = separator(line)
	return r.parse(line, true), nil
}

// next reads a record that should have this many values; nil if it is longer than maxLine.
// Error: [io.EOF].
func (r *records) next(values int) ([]string, error) {
	line, err := r.line()
	if err != nil || line == nil {
		return nil, err
	}
	whole, more, isOpen := slices.Clip(line), [][]byte(nil), isOdd(line)
	for isOpen && len(whole) < maxLine {
		next, err := r.line()
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if err != nil || next == nil {
			break
		}
		more, whole, isOpen = append(more, next), append(whole, next...), isOpen != isOdd(next)
	}
	if len(more) > 0 {
		if record := r.parse(whole, false); len(record) == values && !isOpen {
			return record, nil
		}
		r.ahead = append(more, r.ahead...)
	}
	return r.parse(line, true), nil
}

// isOdd reports whether a quote is not closed in a line that began outside of quotes.
func isOdd(line []byte) bool { return bytes.Count(line, []byte(`"`))%2 == 1 }

// parse reads one record; one without values if there are several. isLazy takes stray quotes as
// they are.
func (r *records) parse(text []byte, isLazy bool) []string {
	if !bytes.ContainsRune(text, '"') {
		return strings.Split(strings.TrimRight(string(text), "\r\n"), string(r.comma))
	}
	c := csv.NewReader(bytes.NewReader(text))
	c.FieldsPerRecord, c.LazyQuotes, c.Comma = -1, isLazy, r.comma
	record, err := c.Read()
	if _, after := c.Read(); err != nil || !errors.Is(after, io.EOF) {
		return []string{}
	}
	return record
}

// line reads a line with its end; nil if it is longer than maxLine. Empty lines are left out.
func (r *records) line() (line []byte, err error) {
	if len(r.ahead) > 0 {
		line, r.ahead = r.ahead[0], r.ahead[1:]
		return line, nil
	}
	isLong := false
	for {
		part, err := r.lines.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			isLong = true
		}
		if !isLong {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		case isLong:
			return nil, nil
		case len(bytes.TrimSpace(line)) > 0:
			return line, nil
		case err != nil:
			return nil, io.EOF
		}
		line = line[:0]
	}
}

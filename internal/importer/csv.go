package importer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// CSV is a file of users with the names of its columns in the first line (RFC 4180). The
// values are separated by commas, semicolons or tabs, whatever the first line has most.
type CSV struct {
	file    *os.File
	name    string
	mapping Mapping
	columns columns
	names   []string
}

// OpenCSV opens a file.
func OpenCSV(path, name string, mapping Mapping) (*CSV, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	c := &CSV{file: f, name: name, mapping: mapping}
	if err := checkEncoding(f); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	if _, err = c.begin(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return c, nil
}

// checkEncoding refuses a file that is not UTF-8: letters of names would be lost.
func checkEncoding(file io.Reader) error {
	in := bufio.NewReaderSize(file, 64<<10)
	if mark, _ := in.Peek(2); bytes.Equal(mark, []byte("\xff\xfe")) || bytes.Equal(mark, []byte("\xfe\xff")) || bytes.IndexByte(mark, 0) >= 0 {
		return errors.New("the file is in UTF-16, not UTF-8; convert it: iconv -f utf-16 -t utf-8 FILE > NEWFILE")
	}
	for line := int64(1); ; {
		r, size, err := in.ReadRune()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case r == utf8.RuneError && size == 1:
			return fmt.Errorf("line %d is not in UTF-8; convert the file: if it is in Latin-1, iconv -f latin1 -t utf-8 FILE > NEWFILE", line)
		case r == '\n':
			line++
		}
	}
}

// value is a value of the file: NULL and \N are none, as MySQL and PostgreSQL write them. An id is 1
// if it is written as 1.0, as pandas does if others are missing.
func (c *CSV) value(at int, text string) any {
	if text == "NULL" || text == `\N` {
		return nil
	}
	whole, isDecimal := strings.CutSuffix(text, ".0")
	if isDecimal && slices.Contains(c.columns[fieldID], at) && whole != "" && strings.Trim(whole, "0123456789") == "" {
		return whole
	}
	return text
}

// begin reads the first line. No error quotes a value of a user, who may be there.
func (c *CSV) begin() (*records, error) {
	if _, err := c.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	r := newRecords(c.file)
	head, err := r.head()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty; its first line names the columns")
	}
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(strings.Join(head, ""), "@$:") {
		return nil, errors.New("the first line does not name the columns, such as id,email,name,password_hash")
	}
	c.names = head
	c.columns, err = c.mapping.find(c.names)
	return r, err
}

// separator is the sign that a line has most.
func separator(head []byte) rune {
	best := ','
	for _, sign := range ";\t" {
		if bytes.Count(head, []byte(string(sign))) > bytes.Count(head, []byte(string(best))) {
			best = sign
		}
	}
	return best
}

// Name implements [Source].
func (c *CSV) Name() string { return c.name }

// Describe says what was found.
func (c *CSV) Describe() Found { return c.columns.describe(c.names) }

// Count implements [Source].
func (c *CSV) Count(ctx context.Context) (n int64, err error) {
	err = c.Each(ctx, func(Row) error { n++; return nil })
	return n, err
}

// Each implements [Source].
func (c *CSV) Each(ctx context.Context, f func(Row) error) error {
	r, err := c.begin()
	if err != nil {
		return err
	}
	values := make([]any, len(c.names))
	for number := int64(1); ; number++ {
		record, err := r.next(len(c.names))
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		row := Row{Number: number}
		switch {
		case record == nil:
			row.problem = fmt.Sprintf("its line is longer than %d bytes", maxLine)
		case len(record) != len(c.names):
			row.problem = fmt.Sprintf("it has %d values, and the first line names %d", len(record), len(c.names))
		default:
			for i, value := range record {
				values[i] = c.value(i, value)
			}
			row = c.columns.row(number, c.names, values)
		}
		if err := f(row); err != nil {
			return err
		}
	}
}

// Close implements [Source].
func (c *CSV) Close() error { return c.file.Close() }

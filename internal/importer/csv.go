package importer

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
)

// CSV is a file of users with the names of its columns in the first line (RFC 4180). The
// values are separated by commas, semicolons or tabs, whatever the first line has.
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
	if _, err = c.begin(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return c, nil
}

// begin reads the first line.
func (c *CSV) begin() (*csv.Reader, error) {
	if _, err := c.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	buffered := bufio.NewReaderSize(c.file, 64<<10)
	if mark, _ := buffered.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) { // a byte order mark
		_, _ = buffered.Discard(3)
	}
	head, _ := buffered.Peek(4 << 10)
	head, _, _ = bytes.Cut(head, []byte("\n"))
	r := csv.NewReader(buffered)
	r.FieldsPerRecord, r.ReuseRecord, r.Comma = -1, true, separator(head)
	names, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty; its first line names the columns")
	}
	if err != nil {
		return nil, err
	}
	c.names = append([]string(nil), names...)
	c.columns, err = c.mapping.find(c.names)
	return r, err
}

func separator(head []byte) rune {
	for _, sign := range ";\t" {
		if bytes.ContainsRune(head, sign) && !bytes.ContainsRune(head, ',') {
			return sign
		}
	}
	return ','
}

// Name implements [Source].
func (c *CSV) Name() string { return c.name }

// Describe says which columns were found.
func (c *CSV) Describe() string { return c.columns.describe(c.names) }

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
		record, err := r.Read()
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
		if len(record) != len(c.names) {
			row.problem = fmt.Sprintf("it has %d values, and the first line names %d", len(record), len(c.names))
		} else {
			for i, value := range record {
				values[i] = value
			}
			row = c.columns.row(number, values)
		}
		if err := f(row); err != nil {
			return err
		}
	}
}

// Close implements [Source].
func (c *CSV) Close() error { return c.file.Close() }

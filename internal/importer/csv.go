package importer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
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
	if _, err = c.begin(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return c, nil
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

// Describe says which columns were found, and which are not used.
func (c *CSV) Describe() (used, unused string) { return c.columns.describe(c.names) }

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
				values[i] = value
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

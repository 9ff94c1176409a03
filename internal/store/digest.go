package store

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
)

// Digest sums up the rows of a table, the same on all engines.
type Digest struct {
	Table string
	Rows  int64
	Sum   [sha256.Size]byte // of the rows in the order of their keys
}

// digester makes a digest row by row.
type digester struct {
	rows   int64
	hash   hash.Hash
	buffer []byte
}

func newDigester() *digester { return &digester{hash: sha256.New()} }

// add takes a row. Each value has its type and length before it, so no two rows look alike.
func (d *digester) add(row []any) error {
	b := d.buffer[:0]
	for _, value := range row {
		switch v := value.(type) {
		case nil:
			b = append(b, 'n')
		case int64:
			b = binary.BigEndian.AppendUint64(append(b, 'i'), uint64(v)) //nolint:gosec // its bits
		case string:
			b = append(binary.BigEndian.AppendUint64(append(b, 't'), uint64(len(v))), v...)
		case []byte:
			b = append(binary.BigEndian.AppendUint64(append(b, 'b'), uint64(len(v))), v...)
		default:
			return fmt.Errorf("a column has the type %T", value)
		}
	}
	d.buffer = b
	d.rows++
	_, _ = d.hash.Write(b) // never fails
	return nil
}

func (d *digester) digest(table string) Digest {
	digest := Digest{Table: table, Rows: d.rows}
	d.hash.Sum(digest.Sum[:0])
	return digest
}

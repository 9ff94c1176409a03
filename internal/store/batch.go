package store

import "context"

// InBatches repeats a deletion of at most size rows until it deletes fewer. Each runs in
// a transaction of its own, so other writers get their turn.
func (db *DB) InBatches(ctx context.Context, size int64, remove func(*Tx) (int64, error)) error {
	for {
		var n int64
		err := db.Tx(ctx, func(tx *Tx) (err error) {
			n, err = remove(tx)
			return err
		})
		if err != nil || n < size {
			return err
		}
	}
}

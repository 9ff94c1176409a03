package importer

import (
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/store"
)

// ErrLossLimit: so many users would be suspended or lose their password that the source may be
// the wrong one.
var ErrLossLimit = errors.New("above the limit")

// fewLost is how many users may always be: a share of a small number says little.
const fewLost = 10

// mostLost is how many of the users who came before an import may suspend because they are gone
// there, and how many it may take the password from.
func (r *run) mostLost() int64 { return max(fewLost, r.before*r.opt.LossLimit/100) }

// neededLimit is the limit, in percent, that lets n users be lost.
func (r *run) neededLimit(n int64) int64 {
	return min(100, (n*100+r.before-1)/max(r.before, 1))
}

// txReporting runs a transaction, then reports what it did.
func (r *run) txReporting(ctx context.Context, f func(*store.Tx) ([]Verdict, error)) error {
	var verdicts []Verdict
	err := r.db.Tx(ctx, func(tx *store.Tx) (err error) {
		verdicts, err = f(tx)
		return err
	})
	if err != nil {
		return err
	}
	for _, v := range verdicts {
		r.summary.count(v)
		if err := r.report(v); err != nil {
			return err
		}
	}
	return nil
}

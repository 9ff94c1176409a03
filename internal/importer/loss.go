package importer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cardea-accounts/cardea/internal/store"
)

// ErrLossLimit: so many users would lose something that the source may be the wrong one.
var ErrLossLimit = errors.New("above the limit")

// fewLost is how many users may always lose something: a share of a small number says little.
const fewLost = 10

// mostLost is how many of the users who came before may lose something by an import.
func (r *run) mostLost() int64 {
	if r.opt.LossLimit == 0 {
		return 0
	}
	return max(fewLost, r.before*r.opt.LossLimit/100)
}

// neededLimit is the limit, in percent, that lets n users lose something.
func (r *run) neededLimit(n int64) int64 {
	return min(100, (n*100+r.before-1)/max(r.before, 1))
}

// loss is what a user who came before would lose.
type loss int

const (
	lossOfNothing     loss = iota
	lossOfTheAccount       // to somebody who may be another user there: sessions, cookies, password
	lossOfThePassword      // nobody can sign in with it there any more
	lossOfAccess           // to a suspension
)

// refuseLosses looks through all rows before anything is written: by an import of another app
// under the name of this one, or of a wrong column, nearly all users would lose something, and
// could not get it back. Error: [ErrLossLimit].
func (r *run) refuseLosses(ctx context.Context, source Source) error {
	if r.before == 0 || r.opt.LossLimit == 100 { // 100 also if rows repeat a user, and so count more than all
		return nil
	}
	var lost [lossOfAccess + 1]int64
	var done int64
	err := source.Each(ctx, func(row Row) error {
		what, err := r.loss(ctx, row)
		lost[what]++
		if done++; done%batchSize == 0 && r.opt.Progress != nil {
			r.opt.Progress("checking users", done, max(r.total, done))
		}
		return err
	})
	if err != nil {
		return err
	}
	var all int64
	var parts []string
	for what, says := range []string{"", "%d may be other users there", "%d would lose the password", "%d would be suspended"} {
		if n := lost[what]; says != "" && n > 0 {
			all += n
			parts = append(parts, fmt.Sprintf(says, n))
		}
	}
	if all <= r.mostLost() {
		return nil
	}
	return fmt.Errorf("nothing was changed, because this may be another app or a wrong column: of %d users, %s, %w of %d %%; "+
		"if that is right, add --loss-limit %d; to see who they are, add that and --report FILE to a trial",
		r.before, strings.Join(parts, " and "), ErrLossLimit, r.opt.LossLimit, r.neededLimit(all))
}

// loss is what a row would take from a user.
func (r *run) loss(ctx context.Context, row Row) (loss, error) {
	if row.problem != "" {
		return lossOfNothing, nil
	}
	known, err := r.db.ImportByKey(ctx, keyOf(r.source, row))
	if errors.Is(err, store.ErrNotFound) || err == nil && known.IsForgotten() {
		return lossOfNothing, nil
	}
	if err != nil {
		return lossOfNothing, err
	}
	there, _, why := r.user(row, false)
	isSame := why == nil && r.hasAddress(known, row) && bytes.Equal(store.Sum(there.PasswordHash), known.Password)
	if isSame && !r.isSuspended(row) { // most rows, without another query
		return lossOfNothing, nil
	}
	now, err := r.db.UserByID(ctx, known.UserID)
	if errors.Is(err, store.ErrNotFound) || err == nil && !now.SuspendedAt.IsZero() {
		return lossOfNothing, nil
	}
	if err != nil {
		return lossOfNothing, err
	}
	j := judged{row: row, user: there, known: known}
	switch {
	case why != nil && !r.hasAddress(known, row), why == nil && wantSame(now, j) != nil:
		return lossOfTheAccount, nil
	case there.PasswordHash == "" && isGivenUp(now, j):
		return lossOfThePassword, nil
	case r.isSuspended(row):
		return lossOfAccess, nil
	}
	return lossOfNothing, nil
}

// isGivenUp reports whether the password of a user here is one that was given up there: it came
// from there, and is another one or none there by now.
func isGivenUp(now store.User, j judged) bool {
	return now.PasswordHash != "" && bytes.Equal(store.Sum(now.PasswordHash), j.known.PasswordHere) &&
		!bytes.Equal(store.Sum(j.user.PasswordHash), j.known.Password)
}

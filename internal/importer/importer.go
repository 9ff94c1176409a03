// Package importer brings in users from elsewhere: from the database of a Flask or Django app,
// from any table, and from a CSV file.
//
// A [Source] has rows. columns.go finds out which column is what, value.go reads the values,
// user.go judges a row, apply.go stores it, pictures.go brings in the picture. What was brought
// in is remembered (table imports), so an import can be stopped and repeated: nothing is doubled,
// and a user who was changed here since stays as is.
package importer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/store"
)

// Row is a user as elsewhere.
type Row struct {
	Number      int64 // from 1
	ID          string
	Name        string
	Email       string
	Password    string // a hash
	Picture     string // a file name, a path or an address; empty: none
	CreatedAt   time.Time
	IsVerified  bool // of the address
	IsSuspended bool
	problem     string // why the row cannot be read; empty: it can
}

// Source is where users come from.
type Source interface {
	// Name tells sources apart, such as flask: their ids may be the same.
	Name() string
	// Count returns how many rows there are.
	Count(ctx context.Context) (int64, error)
	// Each calls f for each row, until f fails.
	Each(ctx context.Context, f func(Row) error) error
	// Close closes the source.
	Close() error
}

// Options say how to import.
type Options struct {
	Uploads         string // folder of the picture files; empty: no pictures are brought in
	AllVerified     bool   // every address counts as verified
	WithoutPassword bool   // also users without a hash that is known, who have to reset it
	CheckPictures   bool   // only look whether the picture files are there
	Prehashed       bool   // bcrypt hashes are those of a SHA-256, as Flask-Bcrypt can make them

	// Judged is called for each row once it is stored; nil: not called.
	Judged func(Verdict) error
	// Progress is called now and then; nil: not called.
	Progress func(what string, done, total int64)
}

// Outcome is what became of a row.
type Outcome string

// Outcomes.
const (
	Imported  Outcome = "imported"
	Updated   Outcome = "updated"   // changed there since the last import
	Unchanged Outcome = "unchanged" // imported before
	Kept      Outcome = "kept"      // changed there and here; stays as it is here
	Deleted   Outcome = "deleted"   // imported before, and deleted here since
	Rejected  Outcome = "rejected"
)

// Verdict is what became of a row, and why.
type Verdict struct {
	Row     int64   `json:"row"`
	ID      string  `json:"id,omitempty"`
	Email   string  `json:"email,omitempty"`
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason,omitempty"`  // of a rejection or a change, for programs
	Message string  `json:"message,omitempty"` // the same for people
	Hash    string  `json:"hash,omitempty"`    // the format of the password hash
	Picture string  `json:"picture,omitempty"` // imported, unchanged, kept, missing, unreadable; empty: none
}

// Summary counts the verdicts.
type Summary struct {
	Rows     int64             `json:"rows"`
	Outcomes map[Outcome]int64 `json:"outcomes"`
	Reasons  map[string]int64  `json:"reasons"`
	Hashes   map[string]int64  `json:"hashes"`
	Pictures map[string]int64  `json:"pictures"`
}

func newSummary() Summary {
	return Summary{Outcomes: make(map[Outcome]int64), Reasons: map[string]int64{}, Hashes: map[string]int64{}, Pictures: map[string]int64{}}
}

func (s *Summary) count(v Verdict) {
	s.Rows++
	s.Outcomes[v.Outcome]++
	for name, counts := range map[string]map[string]int64{v.Reason: s.Reasons, v.Hash: s.Hashes, v.Picture: s.Pictures} {
		if name != "" {
			counts[name]++
		}
	}
}

// Importer brings users into a database and a picture storage.
type Importer struct {
	db       *store.DB
	pictures *media.Pictures
	now      func() time.Time
}

// New returns an importer. Pictures may be nil if none are brought in.
func New(db *store.DB, pictures *media.Pictures, now func() time.Time) *Importer {
	return &Importer{db, pictures, now}
}

// batchSize is how many rows are stored in one transaction. A server that runs meanwhile waits
// for its turn about as long as one takes, some ten milliseconds.
const batchSize = 250

// ErrInterrupted means that the import was stopped. What was stored stays.
var ErrInterrupted = errors.New("interrupted; what was brought in stays, and the same command goes on from there")

// Run brings in all rows of a source. Rows that cannot come are counted, and no error.
func (im *Importer) Run(ctx context.Context, source Source, opt Options) (Summary, error) {
	total, err := source.Count(ctx)
	if err != nil {
		return Summary{}, err
	}
	r := &run{Importer: im, opt: opt, source: source.Name(), total: total, summary: newSummary()}
	if err := r.openUploads(); err != nil {
		return Summary{}, err
	}
	defer r.closeUploads()
	err = source.Each(ctx, func(row Row) error {
		r.batch = append(r.batch, row)
		if len(r.batch) < batchSize {
			return nil
		}
		return r.flush(ctx)
	})
	if err == nil {
		err = r.flush(ctx)
	}
	if ctx.Err() != nil {
		err = ErrInterrupted
	}
	return r.summary, err
}

// flush stores the batch, then the pictures of its users.
func (r *run) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	batch := r.batch
	r.batch = r.batch[:0]
	judged, err := r.store(ctx, batch)
	if err != nil {
		return fmt.Errorf("rows %d to %d: %w", batch[0].Number, batch[len(batch)-1].Number, err)
	}
	if err := r.bringPictures(ctx, judged); err != nil {
		return err
	}
	for _, j := range judged {
		r.summary.count(j.verdict)
		if r.opt.Judged != nil {
			if err := r.opt.Judged(j.verdict); err != nil {
				return err
			}
		}
	}
	if r.opt.Progress != nil {
		r.opt.Progress("users", r.summary.Rows, max(r.total, r.summary.Rows))
	}
	return nil
}

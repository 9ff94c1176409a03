// Package importer brings in users from elsewhere: from the database of a Flask or Django app,
// from any table, from a CSV file, and from an export of Cardea (takein.go, takeserver.go).
//
// A [Source] has rows. columns.go finds out which column is what, value.go reads the values,
// user.go judges a row, apply.go stores it, again.go brings users up to date who came before,
// disown.go notices ids that were given to others, pictures.go brings in the picture, gone.go finds
// the users who are gone there, loss.go refuses what looks like the wrong app. What was brought in is
// remembered (table imports), so an import can be stopped and repeated: nothing is doubled, and
// what a user has changed here since stays.
package importer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/token"
)

// Row is a user as elsewhere.
type Row struct {
	Number      int64 // from 1
	ID          string
	Name        string
	Email       string
	Password    string    // a hash
	Picture     string    // a file name, a path or an address; empty: none
	CreatedAt   time.Time // zero: not known
	IsVerified  bool      // of the address
	IsSuspended bool
	// SuspendedFrom and SuspendedUntil suspend a user from or until a time; zero: they do not.
	SuspendedFrom, SuspendedUntil time.Time

	hasPictures  bool    // there is a column for pictures
	isNameCut    bool    // or signs in it could not be read
	problem      string  // why the row cannot be read; empty: it can
	isBadPicture bool    // the cell of the picture cannot be read
	unclear      []field // whose values cannot be read
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
	SuspendGone     bool   // suspend users who were imported before and are gone there
	LossLimit       int64  // percent of the users who may lose something; 0: nobody; see [ErrLossLimit]
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
	Kept      Outcome = "kept"      // something was changed there and here; that stays as it is here
	Deleted   Outcome = "deleted"   // imported before, and deleted here since
	Gone      Outcome = "gone"      // imported before, and not there any more; has no row
	Rejected  Outcome = "rejected"
)

// Verdict is what became of a row, and why.
type Verdict struct {
	Row     int64   `json:"row,omitempty"` // 0: the user is gone there
	ID      string  `json:"id,omitempty"`
	Email   string  `json:"email,omitempty"`
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason,omitempty"`  // of a rejection or a change, for programs
	Message string  `json:"message,omitempty"` // the same for people
	Hash    string  `json:"hash,omitempty"`    // the format of the password hash
	Picture string  `json:"picture,omitempty"` // imported, unchanged, kept, removed, missing, unreadable; empty: none
	Unclear []field `json:"unclear,omitempty"` // fields whose values cannot be read
	Changed []field `json:"changed,omitempty"` // fields whose values were cut or mended
	// LosesPassword: the password that came from there was given up there, so it is removed here.
	LosesPassword bool `json:"loses_password,omitempty"`
	// PictureReason says why a picture is unreadable.
	PictureReason string `json:"picture_reason,omitempty"`
}

// Summary counts the verdicts.
type Summary struct {
	Rows     int64             `json:"rows"`
	Total    int64             `json:"-"` // rows of the source; 0: not known
	Outcomes map[Outcome]int64 `json:"outcomes"`
	Reasons  map[string]int64  `json:"reasons"`
	Hashes   map[string]int64  `json:"hashes"`
	Pictures map[string]int64  `json:"pictures"`
	// Users who are not rejected: how many come suspended, with a verified address, and without
	// the time of their registration.
	Suspended int64 `json:"suspended"`
	// LosePassword counts users whose password is removed; see [Verdict].
	LosePassword int64 `json:"lose_password"`
	Verified     int64 `json:"verified"`
	Undated      int64 `json:"undated"`
	// Unclear counts the values that could not be read, by field. They count as none, but those
	// of active and suspended suspend the user.
	Unclear map[string]int64 `json:"unclear"`
	Changed map[string]int64 `json:"changed"` // values that were cut or mended, by field
}

func newSummary() Summary {
	return Summary{
		Outcomes: make(map[Outcome]int64), Reasons: map[string]int64{}, Hashes: map[string]int64{}, Pictures: map[string]int64{}, Unclear: map[string]int64{}, Changed: map[string]int64{},
	}
}

// Users counts what is special about the users who are not rejected.
func (s Summary) Users() map[string]int64 {
	return map[string]int64{"suspended": s.Suspended, "verified": s.Verified, "without_a_date": s.Undated, "losing_the_password": s.LosePassword}
}

func (s *Summary) countRow(j judged, isSuspended bool) {
	s.count(j.verdict)
	for _, of := range j.row.unclear {
		s.Unclear[string(of)]++
	}
	for _, of := range j.verdict.Changed {
		s.Changed[string(of)]++
	}
	if j.verdict.LosesPassword {
		s.LosePassword++
	}
	if j.verdict.Outcome == Rejected {
		return
	}
	for count, counts := range map[*int64]bool{
		&s.Suspended: isSuspended, &s.Verified: j.user.EmailVerified, &s.Undated: j.row.CreatedAt.IsZero(),
	} {
		if counts {
			*count++
		}
	}
}

func (s *Summary) count(v Verdict) {
	if v.Row != 0 {
		s.Rows++
	}
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
	r := &run{Importer: im, opt: opt, id: token.ID(), source: source.Name(), total: total, summary: newSummary()}
	r.summary.Total = total
	if err := r.openUploads(); err != nil {
		return Summary{}, err
	}
	defer r.closeUploads()
	if r.before, _, err = im.db.CountImports(ctx, store.Sum(r.source), r.id); err != nil {
		return Summary{}, err
	}
	if err := r.refuseLosses(ctx, source); err != nil {
		return r.summary, interrupted(ctx, err)
	}
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
	if err == nil {
		err = r.findGone(ctx)
	}
	return r.summary, interrupted(ctx, err)
}

// interrupted is the error of an import that was stopped.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ErrInterrupted
	}
	return err
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
		r.summary.countRow(j, r.isSuspended(j.row))
		if err := r.report(j.verdict); err != nil {
			return err
		}
	}
	if r.opt.Progress != nil {
		r.opt.Progress("users", r.summary.Rows, max(r.total, r.summary.Rows))
	}
	return nil
}

func (r *run) report(v Verdict) error {
	if r.opt.Judged == nil {
		return nil
	}
	return r.opt.Judged(v)
}

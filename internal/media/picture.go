// Package media owns the pictures of users with their square crops ([Pictures]), and the
// default avatars of users without a picture ([Avatars]).
//
// A picture goes through picture.go (the rules), files.go (bytes into the storage and out
// of it), crops.go (crops that are missing), open.go (serving) and stored.go (reading
// everything, for backups and checks).
package media

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/cache"
	"github.com/cardea-accounts/cardea/internal/fair"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/text"
	"github.com/cardea-accounts/cardea/internal/user"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// Options are the settings of [Pictures]. Now and Log are required.
type Options struct {
	Limits     picture.Limits
	RaiseProcs bool         // see [workers.Limits]
	Space      *guard.Space // nil: uploads are not refused on a nearly full disk
	IsBucket   bool         // it may store files late, see [LateGrace], and sends none by the kernel
	Signer     blob.Signer  // nil: no picture has a [Open.SignedAddress]
	Now        func() time.Time
	Log        *slog.Logger
}

// Pictures owns the pictures of users: their files, and the pool of workers that decodes
// them. Its methods may be called from any goroutine.
type Pictures struct {
	opt      Options
	db       *store.DB
	audit    *guard.Audit
	limits   *guard.Limits
	files    blob.Store
	decoding *workers.Pool
	rows     *rowCache
	proven   cache.Cache[string, proof] // by the key of a file
	missing  cropSweep
	held     atomic.Int64 // bytes of [inMemory] blobs

	interrupted interrupted
}

// Pictures that wait to be decoded hold their files in memory, so few may wait. They wait
// longer than the heaviest picture may take, [picture.DefaultMaxTime], because that is
// decoded alone. The pictures being decoded may together weigh half as much
// as the heaviest picture may: the garbage of earlier ones takes the other half. A heavier
// picture is decoded alone.
const (
	picturesWaiting = 32 // for each worker
	pictureWait     = 15 * time.Second
	decodingMemory  = picture.DefaultMaxMemory / 2
)

// NewPictures returns the pictures of a database and a storage. [Pictures.Close] stops
// the workers.
func NewPictures(db *store.DB, watch *store.Watch, files blob.Store, audit *guard.Audit, limits *guard.Limits, opt Options) *Pictures {
	return &Pictures{
		opt: opt, db: db, audit: audit, limits: limits, files: files,
		decoding: workers.NewPool(workers.Limits{
			Waiting: picturesWaiting, Wait: pictureWait, Memory: min(decodingMemory, opt.Limits.MemoryLimit()/2),
			Period: guard.QueuePeriod, RaiseProcs: opt.RaiseProcs,
		}),
		rows:   newRowCache(db, watch, opt.Now),
		proven: cache.New[string, proof](proofsKept),
	}
}

// Close stops the workers. Uploads fail from then on.
func (p *Pictures) Close() { p.decoding.Close() }

// Load returns figures of the decoding workers.
func (p *Pictures) Load() workers.Load { return p.decoding.Load() }

// Upload is a picture as a client sends it.
type Upload struct {
	Filename string
	Data     []byte
	Crop     string // x,y,side in pixels of the upright picture; empty: the largest square in the middle
}

// Errors with a fixed text.
var (
	ErrPictureNotFound = &guard.Error{Kind: guard.KindNotFound, Code: "picture_not_found", Message: "There is no picture at this address."}
	ErrInvalidFileType = &guard.Error{Kind: guard.KindInvalid, Code: "invalid_file_type", Message: "Invalid file type"}
	ErrInvalidCrop     = &guard.Error{Kind: guard.KindInvalid, Code: "invalid_crop",
		Message: "The crop is not accepted. Send x,y,side, such as 0,0,300: a square inside the upright picture, in pixels."}
)

// Set makes an uploaded file a user's picture, in place of the one before. Errors:
// invalid_file_type, damaged_file, invalid_crop, too_many_changes, image_too_large,
// storage_full, user_not_found.
func (p *Pictures) Set(ctx context.Context, userID string, upload Upload, client guard.Client) (user.Picture, error) {
	if err := p.limits.AdmitChange(userID); err != nil { // first: broken pictures count like good ones
		return user.Picture{}, err
	}
	if err := p.opt.Space.Admit(); err != nil {
		return user.Picture{}, err
	}
	if !picture.AllowedName(upload.Filename) {
		return user.Picture{}, wrongExtension(upload)
	}
	crop, err := picture.ParseCrop(upload.Crop)
	if err != nil {
		return user.Picture{}, ErrInvalidCrop
	}
	set, err := p.make(ctx, upload.Data, p.opt.Limits, crop, guard.Flows(client, "upload", userID)...)
	if err != nil {
		return user.Picture{}, p.publicError(err, upload.Data)
	}
	master := newFile(set.Master)
	row := store.Picture{
		UserID: userID, Name: picture.SafeName(upload.Filename, set.Master.Extension), File: master.File, UpdatedAt: p.opt.Now(),
	}
	files := nameCrops(&row, []File{master}, set)
	if err := p.put(ctx, files); err != nil {
		return user.Picture{}, guard.PublicError(err)
	}
	if err := p.swap(ctx, row, client); err != nil {
		return user.Picture{}, guard.PublicError(guard.IfNotFound(err, guard.ErrUserNotFound))
	}
	return user.PictureFrom(row), nil
}

// make decodes a stranger's file and encodes it anew, when it is its turn and there is
// memory for it.
func (p *Pictures) make(ctx context.Context, data []byte, limits picture.Limits, crop picture.Crop, flows ...fair.Flow) (set *picture.Set, err error) {
	source, err := picture.Open(data, limits)
	if err != nil {
		return nil, err
	}
	weight, err := source.Weight(crop)
	if err != nil {
		return nil, err
	}
	var used time.Duration
	busy := p.decoding.Do(ctx, workers.Job{Weight: weight, Flows: flows}, func() {
		began := workers.ThreadTime()
		set, err = source.Make(ctx, crop)
		used = workers.ThreadTime() - began
	})
	if errors.Is(err, picture.ErrSlow) && used < limits.Time()/2 {
		return nil, workers.ErrBusy // others had the cores; the picture may be decoded in no time
	}
	return set, errors.Join(busy, err)
}

// publicError is what to answer for a picture that could not be made.
func (p *Pictures) publicError(err error, data []byte) error {
	switch {
	case errors.Is(err, picture.ErrTooLarge):
		return &guard.Error{Kind: guard.KindInvalid, Code: "image_too_large", Message: fmt.Sprintf(
			"The picture is too large: at most %d million pixels, and fewer in formats that take much memory to decode.",
			p.opt.Limits.MaxPixels/1_000_000)}
	case errors.Is(err, picture.ErrInvalid):
		return invalidFileType(seemsToBe(data))
	case errors.Is(err, picture.ErrDamaged):
		return &guard.Error{Kind: guard.KindInvalid, Code: "damaged_file", Message: "This file is " + picture.Describe(data) +
			", but it is damaged or of a rare kind: too little of the picture can be read. Send another, or save it anew."}
	case errors.Is(err, picture.ErrCrop):
		return ErrInvalidCrop
	}
	return guard.PublicError(err)
}

// wrongExtension refuses a file by the extension of its name.
func wrongExtension(upload Upload) error {
	name := "." + text.Printable(picture.Extension(upload.Filename), maxExtension)
	return invalidFileType(" The name of this file ends in " + strconv.Quote(name) + "." + seemsToBe(upload.Data))
}

// maxExtension is how much of an extension is shown, in bytes.
const maxExtension = 16

// seemsToBe says what a file seems to be; empty if that is unknown.
func seemsToBe(data []byte) string {
	what := picture.Describe(data)
	if what == "" {
		return ""
	}
	return " This file seems to be " + what + "."
}

// invalidFileType is ErrInvalidFileType with a hint.
func invalidFileType(hint string) error {
	refused := *ErrInvalidFileType
	refused.Fields = map[string]string{"profile_pic": "Send a picture in " + picture.Accepted + "." + hint}
	return &refused
}

// swap names the new files in the user's row and orphans the old ones, all or nothing.
func (p *Pictures) swap(ctx context.Context, row store.Picture, client guard.Client) error {
	var old []string
	err := p.audit.TransactEvent(ctx, guard.EventPictureChanged, row.UserID, client, func(tx *store.Tx) (err error) {
		if row.UpdatedAt, err = laterSecond(ctx, tx, row); err != nil {
			return err
		}
		if old, err = p.Orphan(ctx, tx, row.UserID); err != nil {
			return err
		}
		if err := p.adopt(ctx, tx, keysOf(row)); err != nil {
			return err
		}
		return tx.SetPicture(ctx, row)
	})
	if err != nil {
		p.abandon(ctx, keysOf(row), err)
		return err
	}
	p.Discard(context.WithoutCancel(ctx), old)
	return nil
}

// laterSecond returns when a picture counts as updated: now, but at least a second after
// the one before it. Last-Modified has whole seconds, and clients compare it.
func laterSecond(ctx context.Context, tx *store.Tx, row store.Picture) (time.Time, error) {
	before, err := tx.PictureOfUser(ctx, row.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return row.UpdatedAt, nil
	}
	if before.UpdatedAt.Sub(row.UpdatedAt) > aMoment { // the clock was set back since
		return row.UpdatedAt, err
	}
	if next := before.UpdatedAt.Truncate(time.Second).Add(time.Second); row.UpdatedAt.Before(next) {
		return next, err
	}
	return row.UpdatedAt, err
}

// Remove removes a user's picture and its files. Without a picture it does nothing.
// Error: too_many_changes.
func (p *Pictures) Remove(ctx context.Context, userID string, client guard.Client) error {
	if err := p.limits.AdmitChange(userID); err != nil {
		return err
	}
	var old []string
	err := p.audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) (err error) {
		if old, err = p.Orphan(ctx, tx, userID); err != nil || len(old) == 0 {
			return err
		}
		report(guard.EventPictureRemoved, userID)
		return tx.DeletePicture(ctx, userID)
	})
	if err != nil {
		return guard.PublicError(err)
	}
	p.Discard(context.WithoutCancel(ctx), old)
	return nil
}

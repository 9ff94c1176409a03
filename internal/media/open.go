package media

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/cache"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/user"
)

// Sides are the sides of the square crops, in pixels.
var Sides = picture.Sides[:]

// Open is a picture to be served. The caller closes it.
type Open struct {
	blob.Blob   // nil with a SignedAddress
	Name        string
	ContentType string
	Version     string // of the content, for the ETag
	Address     string // the value of v= with which the address may be cached for ever; empty: none
	UpdatedAt   time.Time
	// SignedAddress is where a client gets the picture by itself, see [Pictures.OpenOrSign].
	SignedAddress string
}

// SignedKept is how long clients may keep a signed address. It is valid for longer.
const SignedKept = time.Minute

// Open opens a user's picture. If side is one of [Sides], it opens the crop of that size,
// or the picture itself if there are no crops; 0 means the picture itself. name is the
// picture's name in the address; an empty name matches any. Errors: picture_not_found;
// [*Moved] if name is an older name of the picture.
func (p *Pictures) Open(ctx context.Context, userID, name string, side int) (*Open, error) {
	return p.open(ctx, userID, name, side, func(ctx context.Context, row store.Picture) (*Open, error) {
		b, err := p.openWhole(ctx, row)
		return &Open{Blob: b}, err
	})
}

// OpenOrSign is [Pictures.Open] for a client that can be sent elsewhere. If the storage signs
// addresses, there is a SignedAddress in place of the Blob, and nothing to close.
func (p *Pictures) OpenOrSign(ctx context.Context, userID, name string, side int) (*Open, error) {
	if p.opt.Signer == nil {
		return p.Open(ctx, userID, name, side)
	}
	return p.open(ctx, userID, name, side, p.sign)
}

// sign signs the address of a row's file. Before the first time, the file is compared with the
// row. Errors: [blob.ErrNotFound], [ErrDamaged].
func (p *Pictures) sign(ctx context.Context, row store.Picture) (*Open, error) {
	if known, ok := p.proven.GetIfPresent(row.Key); !ok || known.version != row.Version {
		b, err := p.openWhole(ctx, row)
		if err == nil {
			err = b.Close()
		}
		if err != nil {
			return nil, err
		}
	}
	address, err := p.opt.Signer.Sign(ctx, row.Key, blob.Served{ContentType: row.ContentType, Filename: row.Name, CacheFor: SignedKept})
	return &Open{SignedAddress: address}, err
}

// open finds the row of a picture and calls serve to open its file.
func (p *Pictures) open(ctx context.Context, userID, name string, side int, serve func(context.Context, store.Picture) (*Open, error)) (*Open, error) {
	key := rowKey{userID, side}
	row, known := p.rows.get(key)
	for missing := ""; ; {
		var err error
		if !known {
			row, err = p.rows.read(ctx, key)
		}
		if err == nil && name != "" && row.Name != name {
			err = p.moved(ctx, row, name)
		}
		if moved, ok := errors.AsType[*Moved](err); ok {
			return nil, moved
		}
		if err != nil {
			return nil, guard.PublicError(guard.IfNotFound(err, ErrPictureNotFound))
		}
		open, err := serve(ctx, row)
		if err == nil {
			open.Name, open.ContentType, open.Version, open.Address, open.UpdatedAt = row.Name, row.ContentType, row.Version, row.Version, p.notInFuture(row.UpdatedAt)
			if side != 0 {
				open.Address = row.CropsVersion
			}
			return open, nil
		}
		// Replaced between the look-up and the opening: look again. The same file missing
		// twice is our fault.
		if !errors.Is(err, blob.ErrNotFound) || row.Key == missing {
			return nil, guard.PublicError(p.unserved(ctx, row, err))
		}
		if !known { // otherwise another process may have removed it
			missing = row.Key
		}
		known = false
	}
}

// unserved returns the error for a picture whose file cannot be served. A file that is missing or has
// changed is damage, and waiting does not help. But if the storage is empty, its disk may not be
// mounted yet.
func (p *Pictures) unserved(ctx context.Context, row store.Picture, err error) error {
	if errors.Is(err, ErrDamaged) {
		return err
	}
	if errors.Is(err, blob.ErrNotFound) {
		isEmpty, otherErr := p.files.IsEmpty(ctx)
		switch {
		case otherErr != nil:
			return storageError(otherErr)
		case isEmpty:
			return storageError(ErrStorageGone)
		}
		return DamagedFile(row.UserID, row.Key, "is missing from the storage")
	}
	return storageError(err)
}

// notInFuture returns the time, or now if it is to come because the clock was set back:
// Last-Modified must not be later than the answer (RFC 9110 section 8.8.2.1). Replacing a
// picture again within a second dates it a moment ahead, see laterSecond.
func (p *Pictures) notInFuture(at time.Time) time.Time {
	if now := p.opt.Now(); at.Sub(now) > aMoment {
		return now
	}
	return at
}

// aMoment is how far ahead the date of a picture may be without a clock that was set back.
const aMoment = time.Minute

// openWhole opens the file of a row. Before it is served for the first time, and after it
// has changed on the disk, the file is compared with the row: a part of a picture, served
// once, would stay in caches for a year. Errors: [blob.ErrNotFound], [ErrDamaged].
func (p *Pictures) openWhole(ctx context.Context, row store.Picture) (blob.Blob, error) {
	b, err := p.files.Open(ctx, row.Key)
	if err != nil {
		return nil, err
	}
	seen := proof{row.Version, b.Size(), b.ModTime()}
	if known, ok := p.proven.GetIfPresent(row.Key); ok && known == seen {
		return b, nil
	}
	data, err := readBlob(ctx, b, row.UserID, row.File)
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	p.proven.Set(strings.Clone(row.Key), seen)
	return p.rewind(b, data)
}

// rewind returns a blob from its start after its data was read. That of a bucket comes from memory, if
// there is room; a file is sent by the kernel.
func (p *Pictures) rewind(b blob.Blob, data []byte) (blob.Blob, error) {
	size := int64(len(data))
	if !p.opt.IsBucket || !p.reserve(size) {
		if _, err := b.Seek(0, io.SeekStart); err != nil {
			return nil, errors.Join(err, b.Close())
		}
		return b, nil
	}
	modTime := b.ModTime()
	_ = b.Close() // it was only read
	return &inMemory{bytes.NewReader(data), modTime, sync.OnceFunc(func() { p.held.Add(-size) })}, nil
}

// mostHeld is how many bytes of [inMemory] blobs slow clients may hold together, at least one picture.
const mostHeld = archive.MaxPicture

// reserve takes room for an [inMemory] blob, if there is any.
func (p *Pictures) reserve(size int64) bool {
	if p.held.Add(size) <= mostHeld {
		return true
	}
	p.held.Add(-size)
	return false
}

// inMemory is a blob that was read to compare it. It is served from memory, so a bucket need not send
// it twice.
type inMemory struct {
	*bytes.Reader
	modTime time.Time
	release func()
}

func (m *inMemory) ModTime() time.Time { return m.modTime }

// Close implements [io.Closer].
func (m *inMemory) Close() error { m.release(); return nil }

// proof is the state of a file when it was found to be the one that was stored.
type proof struct {
	version string
	size    int64
	modTime time.Time
}

// proofsKept is how many proofs stay in memory, in about 2 MB.
const proofsKept = 2 * rowsKept

// Moved means that a picture has a newer name.
type Moved struct{ To user.Picture }

func (m *Moved) Error() string { return "the picture is now at " + m.To.Path() }

// moved returns [*Moved] if the picture had the name before, or else [store.ErrNotFound].
func (p *Pictures) moved(ctx context.Context, row store.Picture, name string) error {
	wasName, err := p.db.IsOldPictureName(ctx, row.UserID, name)
	if err == nil && wasName {
		err = &Moved{user.PictureFrom(row)}
	} else if err == nil {
		err = store.ErrNotFound
	}
	return err
}

// rowsKept is how many rows of pictures stay in memory, one for each size: as many as a
// busy hour asks for, in about 5 MB.
const rowsKept = 10_000

// rowKey names a picture in a size; side 0 is the picture itself.
type rowKey struct {
	userID string
	side   int
}

// rowCache keeps rows of pictures, so serving a picture takes no SQL. It is as exact as
// the session cache.
type rowCache struct {
	db      *store.DB
	watch   *store.Watch
	now     func() time.Time
	entries cache.Cache[rowKey, *cachedRow]
}

type cachedRow struct {
	store.Picture
	stamp store.Stamp
}

func newRowCache(db *store.DB, watch *store.Watch, now func() time.Time) *rowCache {
	return &rowCache{db, watch, now, cache.New[rowKey, *cachedRow](rowsKept)}
}

// get returns a row from memory if it is as the database has it.
func (c *rowCache) get(key rowKey) (store.Picture, bool) {
	row, ok := c.entries.GetIfPresent(key)
	if !ok || !row.stamp.Holds() || !c.watch.IsFresh(c.now()) {
		return store.Picture{}, false
	}
	return row.Picture, true
}

// read reads a row and keeps it. Error: [store.ErrNotFound].
func (c *rowCache) read(ctx context.Context, key rowKey) (store.Picture, error) {
	key.userID = strings.Clone(key.userID) // it may be part of a long address
	began := c.db.Moment()
	row, err := c.db.PictureInSize(ctx, key.userID, key.side)
	if err != nil {
		return row, err
	}
	if stamp, ok := c.db.Stamp(began, key.userID); ok {
		c.entries.Set(key, &cachedRow{row, stamp})
	}
	return row, nil
}

package media

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/store"
)

// A file is announced as an orphan before it is written, and taken off that list by the
// transaction that names it. So whatever crashes, every file is either named by a
// picture or on the list, and the sweep removes it (docs/decisions/0002-orphans.md).

const (
	// OrphanGrace is how long an announced file may take to be written and named.
	OrphanGrace = time.Hour
	// LateGrace is how long a bucket may take to store what an earlier process sent. A file that was
	// removed before it is stored would stay for ever.
	LateGrace = time.Minute
)

// File is a file of the picture storage and its content.
type File struct {
	store.File
	Data []byte
}

func newFile(p *picture.Picture) File {
	key := strings.ToLower(rand.Text()) // 26 characters of base 32, never used before
	return File{store.File{Key: key, ContentType: p.ContentType, Version: Version(p.Data)}, p.Data}
}

// Version names a content by 64 bits of its SHA-256.
func Version(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// nameCrops gives a picture's row the crops of a set. It returns the files so far with
// those of the crops. Crops with the same content share a file.
func nameCrops(row *store.Picture, files []File, set *picture.Set) []File {
	var versions string
	for i, crop := range set.Crops {
		at := slices.IndexFunc(files, func(f File) bool { return bytes.Equal(f.Data, crop.Data) })
		if at < 0 {
			at = len(files)
			files = append(files, newFile(crop))
		}
		row.Crops = append(row.Crops, store.Crop{Side: picture.Sides[i], File: files[at].File})
		versions += files[at].Version
	}
	row.CropsVersion = Version([]byte(versions))
	return files
}

// put announces files, then writes them.
func (p *Pictures) put(ctx context.Context, files []File) error {
	if err := p.refuseGone(ctx); err != nil {
		return storageError(err)
	}
	err := p.db.Alone(ctx, func(tx *store.Tx) error {
		return tx.AddOrphans(ctx, keysOfFiles(files), p.opt.Now().Add(OrphanGrace))
	})
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := p.files.Put(ctx, f.Key, f.Data); err != nil {
			p.abandon(ctx, keysOfFiles(files), err)
			return storageError(err)
		}
	}
	return nil
}

// abandon removes announced files after an error. If the error leaves open whether they will be
// stored, or whether a row names them, the sweep does that after [OrphanGrace].
func (p *Pictures) abandon(ctx context.Context, keys []string, err error) {
	if !errors.Is(err, blob.ErrUncertain) && !errors.Is(err, store.ErrUncertain) {
		p.Discard(context.WithoutCancel(ctx), keys)
	}
}

// adopt takes announced files off the list, in the transaction that names them.
func (p *Pictures) adopt(ctx context.Context, tx *store.Tx, keys []string) error {
	for _, key := range keys {
		err := tx.AdoptOrphan(ctx, key, p.opt.Now())
		if errors.Is(err, store.ErrNotFound) {
			err = fmt.Errorf("%w: file swept before it was named", store.ErrUnavailable)
		}
		if err != nil {
			return err // which may have to run again
		}
	}
	return nil
}

// Orphan puts the files of a user's picture on the list to be removed and returns their
// keys; none without a picture. After the commit, [Pictures.Discard] removes them.
func (p *Pictures) Orphan(ctx context.Context, tx *store.Tx, userID string) (keys []string, err error) {
	row, err := tx.PictureOfUser(ctx, userID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	keys = keysOf(row)
	return keys, tx.AddOrphans(ctx, keys, p.opt.Now())
}

// discardTime bounds how long a request waits for a storage that does not answer.
const discardTime = 5 * time.Second

// Discard removes orphaned files. What fails is logged and left to the sweep.
func (p *Pictures) Discard(ctx context.Context, keys []string) {
	timed, cancel := context.WithTimeout(ctx, discardTime)
	defer cancel()
	var gone []string
	for _, key := range keys {
		if err := p.files.Delete(timed, key); err != nil {
			p.opt.Log.WarnContext(ctx, "picture file not removed yet", "blob", key, "error", err)
			continue
		}
		gone = append(gone, key)
	}
	if err := p.forget(ctx, gone); err != nil {
		p.opt.Log.WarnContext(ctx, "picture file not removed yet", "blob", strings.Join(gone, " "), "error", err)
	}
}

// forget takes removed files off the list.
func (p *Pictures) forget(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	return p.db.Alone(ctx, func(tx *store.Tx) error { return tx.ForgetOrphans(ctx, keys) })
}

// SweepOrphans removes the orphaned files that are due. It first makes those due that an earlier
// process left.
func (p *Pictures) SweepOrphans(ctx context.Context) error {
	if err := p.expireInterrupted(ctx); err != nil {
		return err
	}
	for {
		due, err := p.db.DueOrphans(ctx, p.opt.Now(), guard.SweepBatch)
		if err != nil {
			return err
		}
		for _, key := range due {
			if err := p.files.Delete(ctx, key); err != nil {
				return storageError(err)
			}
		}
		if err := p.forget(ctx, due); err != nil {
			return err
		}
		if len(due) < guard.SweepBatch {
			return nil
		}
	}
}

// interrupted are the orphans that an earlier process left.
type interrupted struct {
	mu   sync.Mutex
	keys []string
}

// ForgetInterrupted notes the orphans that an earlier process left. The sweep makes them
// due: at once in a folder, after [LateGrace] in a bucket. ForgetInterrupted writes nothing,
// because the disk may be full at a start. Call it before the first request, and only if
// no other process serves this database.
func (p *Pictures) ForgetInterrupted(ctx context.Context) error {
	keys, err := p.db.OrphansAfter(ctx, p.opt.Now())
	if err != nil {
		return err
	}
	p.interrupted.mu.Lock()
	defer p.interrupted.mu.Unlock()
	p.interrupted.keys = keys
	return nil
}

func (p *Pictures) expireInterrupted(ctx context.Context) error {
	p.interrupted.mu.Lock()
	defer p.interrupted.mu.Unlock()
	for len(p.interrupted.keys) > 0 {
		due := p.opt.Now()
		if p.opt.IsBucket {
			due = due.Add(LateGrace)
		}
		batch := p.interrupted.keys[:min(guard.SweepBatch, len(p.interrupted.keys))]
		err := p.db.Tx(ctx, func(tx *store.Tx) error {
			for _, key := range batch {
				if err := tx.ExpireOrphan(ctx, key, due); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		p.interrupted.keys = p.interrupted.keys[len(batch):]
	}
	return nil
}

func keysOf(row store.Picture) []string {
	var keys []string
	for _, f := range row.Files() {
		keys = append(keys, f.Key)
	}
	return keys
}

func keysOfFiles(files []File) []string {
	keys := make([]string, len(files))
	for i, f := range files {
		keys[i] = f.Key
	}
	return keys
}

// storageError marks an error of the picture storage as a failure of a dependency.
func storageError(err error) error {
	return fmt.Errorf("%w: picture storage: %w", guard.ErrUnavailable, err)
}

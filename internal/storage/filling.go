package storage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
)

// Filling is a storage to which this process copies pictures. Servers and commands refuse it until
// [Filling.Finish].
type Filling struct {
	blob.Store
	place, from string
	run         string // random
	isUnmarked  bool   // Finish has removed the mark, and nobody had taken the storage over
}

const (
	// removePatience limits the time of all attempts to remove one file of an earlier [Fill].
	removePatience = time.Minute
	// markPatience limits the time of all attempts to read the marks, or to remove them.
	markPatience = 15 * time.Second
)

// begin marks an empty storage. If that fails, it removes the marks again, because only an answer may
// have been lost.
func (f *Filling) begin(ctx context.Context) error {
	err := f.List(ctx, func(item blob.Item) error {
		if item.Err != nil || isMark(item) {
			return item.Err
		}
		return f.notEmpty()
	})
	if err != nil {
		return err
	}
	if err = f.Put(ctx, markKey, []byte(f.from)); err == nil {
		err = f.claim(ctx)
	}
	if err != nil {
		err = errors.Join(err, f.unmark(context.WithoutCancel(ctx)))
	}
	return err
}

// takeOver removes the files of an earlier [Fill].
func (f *Filling) takeOver(ctx context.Context) error {
	if err := f.claim(ctx); err != nil {
		return err
	}
	return f.removeFiles(ctx)
}

// claim makes this process the one that fills a marked storage. The check comes last, because an
// earlier one may have finished meanwhile: then its files must not be removed. Two processes may both
// have found the storage empty and marked it: the later claim counts.
func (f *Filling) claim(ctx context.Context) error {
	err := errors.Join(f.Delete(ctx, runKey), f.Put(ctx, runKey, []byte(f.run)))
	return cmp.Or(f.CheckOwner(ctx), err)
}

// unmark removes the marks of [Filling.begin], unless another process has claimed the storage.
func (f *Filling) unmark(ctx context.Context) error {
	run, err := readText(ctx, f, runKey)
	if err != nil || run != "" && run != f.run {
		return err
	}
	mark, err := readText(ctx, f, markKey)
	if err == nil && mark == f.from {
		err = f.Delete(ctx, markKey)
	}
	return errors.Join(err, f.Delete(ctx, runKey))
}

// CheckOwner fails with [ErrTaken] if another process has begun to fill the storage, and removes what
// this one copies.
func (f *Filling) CheckOwner(ctx context.Context) error {
	return storageError(Patiently(ctx, markPatience, func(ctx context.Context) error {
		mark, err := readText(ctx, f, markKey)
		if err == nil && mark != f.from {
			err = f.taken()
		}
		return cmp.Or(err, f.checkRun(ctx))
	}))
}

// checkRun accepts a missing run: the process that removed it has removed nothing else yet.
func (f *Filling) checkRun(ctx context.Context) error {
	run, err := readText(ctx, f, runKey)
	if err == nil && run != "" && run != f.run {
		err = f.taken()
	}
	return err
}

// Finish removes the marks, so servers can use the storage. Once it has begun to remove them, it does not
// stop when ctx ends. Error: [ErrTaken].
func (f *Filling) Finish(ctx context.Context) error {
	if err := f.CheckOwner(ctx); err != nil {
		return err
	}
	return storageError(Patiently(context.WithoutCancel(ctx), markPatience, f.removeMarks))
}

func (f *Filling) removeMarks(ctx context.Context) error {
	if err := f.Delete(ctx, markKey); err != nil {
		return err
	}
	// Without the mark, nobody can take the storage over. Perhaps somebody just did.
	err := f.removeRun(ctx)
	f.isUnmarked = !errors.Is(err, ErrTaken)
	return err
}

// removeRun fails if the text is another process's.
func (f *Filling) removeRun(ctx context.Context) error {
	if err := f.checkRun(ctx); err != nil {
		return err
	}
	return f.Delete(ctx, runKey)
}

// Discard removes all files, also after [Filling.Finish], and the marks last: if it is cut off, the next
// [Fill] continues. Error: [ErrTaken]; then it removes nothing.
func (f *Filling) Discard(ctx context.Context) error {
	if f.isUnmarked {
		if err := Patiently(ctx, markPatience, f.remark); err != nil {
			return storageError(err)
		}
	}
	if err := f.CheckOwner(ctx); err != nil {
		return err
	}
	if err := f.removeFiles(ctx); err != nil {
		return storageError(err)
	}
	return f.Finish(ctx)
}

// remark marks the storage again after [Filling.Finish]. [Filling.CheckOwner] must follow, because another
// process may have marked it meanwhile, if it has no files.
func (f *Filling) remark(ctx context.Context) error {
	if err := f.checkRun(ctx); err != nil {
		return err
	}
	err := cmp.Or( // an earlier attempt may have put them
		f.Delete(ctx, markKey), f.Put(ctx, markKey, []byte(f.from)),
		f.Delete(ctx, runKey), f.Put(ctx, runKey, []byte(f.run)))
	f.isUnmarked = err != nil
	return err
}

// removeFiles removes all files but the marks.
func (f *Filling) removeFiles(ctx context.Context) error {
	for { // listing many files may fail half-way
		removed, err := f.removeListed(ctx)
		if err == nil || removed == 0 || !mayPass(err) {
			return err
		}
	}
}

// removeListed lists the files once, and returns how many it removed.
func (f *Filling) removeListed(ctx context.Context) (removed int, err error) {
	err = f.List(ctx, func(item blob.Item) error {
		switch {
		case item.Err != nil || isMark(item):
			return item.Err
		case item.Key == "":
			return f.notEmpty()
		}
		err := Patiently(ctx, removePatience, func(ctx context.Context) error { return f.Delete(ctx, item.Key) })
		if err == nil {
			removed++
		}
		return err
	})
	return removed, err
}

func isMark(item blob.Item) bool { return item.Key == markKey || item.Key == runKey }

func (f *Filling) notEmpty() error {
	return fmt.Errorf("%s %w. Name another place, or empty this one", Name(f.place), ErrNotEmpty)
}

func (f *Filling) taken() error {
	return fmt.Errorf("%w: %s, also from %s. Only one at a time can fill a storage: name another one for each", ErrTaken, Name(f.place), f.from)
}

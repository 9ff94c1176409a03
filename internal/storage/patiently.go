package storage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/blob/s3"
)

// The pauses between attempts of [Patiently] double from the first to the longest.
const (
	firstPause   = 250 * time.Millisecond
	longestPause = 8 * time.Second
)

// Patiently repeats work on a storage whose server fails now and then. All attempts together take at
// most patience. It returns the last error. It returns at once if an error will not go away by itself.
// The work must be safe to repeat.
func Patiently(ctx context.Context, patience time.Duration, work func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var last error
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := work(bounded)
		if err == nil || ctx.Err() != nil || !mayPass(err) {
			return err
		}
		if last == nil || bounded.Err() == nil { // an attempt that was cut off has no reason of its own
			last = err
		}
		if deadline, _ := bounded.Deadline(); time.Until(deadline) <= pause {
			return last
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-bounded.Done():
			timer.Stop()
			return last
		}
	}
}

// mayPass reports whether the next attempt may succeed. That is so for errors of a server, but not for
// errors of a disk or of the settings.
func mayPass(err error) bool {
	for _, lasting := range []error{s3.ErrSetup, blob.ErrFull, blob.ErrNotFound, blob.ErrKey, ErrNotEmpty, ErrFilling, ErrTaken} {
		if errors.Is(err, lasting) {
			return false
		}
	}
	_, isFile := errors.AsType[*fs.PathError](err)
	_, isRename := errors.AsType[*os.LinkError](err)
	return !isFile && !isRename
}

package storage

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/blob/s3"
)

// The pauses between attempts of [Patiently] double from the first to the longest.
const (
	firstPause   = 250 * time.Millisecond
	longestPause = 8 * time.Second
)

// Patiently repeats work on a storage whose server fails now and then, for at most patience with all
// attempts. It returns the last error. Errors that do not pass by themselves are returned at once. The
// work must be such that it can be done twice.
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

// mayPass reports whether an error may be gone at the next attempt: that of a server, not of a disk or
// of the settings.
func mayPass(err error) bool {
	for _, stays := range []error{s3.ErrSetup, blob.ErrFull, blob.ErrNotFound, blob.ErrKey, ErrNotEmpty, ErrFilling} {
		if errors.Is(err, stays) {
			return false
		}
	}
	_, isFile := errors.AsType[*fs.PathError](err)
	return !isFile
}

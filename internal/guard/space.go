package guard

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Disk is what a [Space] looks at.
type Disk struct {
	Name string // of what is on it
	// Free returns how many bytes may still be used, and how many the disk has.
	Free func() (free, total uint64, err error)
}

// DiskOf returns the disk of a folder.
func DiskOf(name, folder string) Disk {
	return Disk{name, func() (free, total uint64, err error) { return freeSpace(folder) }}
}

// Space refuses what needs new space on a disk that is nearly full. The rest is kept for
// signing in and for the work that frees space. Its methods may be called from any
// goroutine. A nil Space admits everything.
type Space struct {
	disks []Disk
	log   *slog.Logger

	mu      sync.Mutex
	checked time.Time
	full    error // as of then
}

const (
	// spaceKept is how much space new users and pictures must leave, in bytes: enough for
	// days of sign-ins. On a small disk it is a twentieth of the disk.
	spaceKept      = 256 << 20
	spaceKeptShare = 20
	// spaceInterval is how often the disks are looked at, at most. A disk that is nearly full is
	// looked at each time, so that nobody is refused once it has space again.
	spaceInterval = time.Second
)

// NewSpace returns the space on disks. It logs when they become nearly full, and when they
// no longer are.
func NewSpace(log *slog.Logger, disks ...Disk) *Space { return &Space{disks: disks, log: log} }

// Admit fails if a disk is nearly full. A disk that cannot be looked at is not: its own
// errors will tell. Error: storage_full.
func (s *Space) Admit() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full == nil && time.Since(s.checked) < spaceInterval { // the clock of disks is the real one
		return nil
	}
	before := s.full
	s.checked, s.full = time.Now(), s.check()
	if full := s.full; full != nil && before == nil {
		s.log.WarnContext(context.Background(), "a disk is nearly full; registrations and uploads are refused", "error", full)
	} else if full == nil && before != nil {
		s.log.InfoContext(context.Background(), "the disks have space again; registrations and uploads are accepted")
	}
	return s.full
}

func (s *Space) check() error {
	for _, d := range s.disks {
		free, total, err := d.Free()
		if keep := min(spaceKept, total/spaceKeptShare); err == nil && free < keep {
			return &Error{Kind: KindFull, Code: "storage_full", Message: storageFull,
				Err: fmt.Errorf("the disk of the %s has %d MiB left; new users and pictures need %d MiB", d.Name, free>>20, keep>>20)}
		}
	}
	return nil
}

// Free returns how many bytes may still be used on each disk, by its name.
func (s *Space) Free() map[string]uint64 {
	if s == nil {
		return nil
	}
	all := map[string]uint64{}
	for _, d := range s.disks {
		if free, _, err := d.Free(); err == nil {
			all[d.Name] = free
		}
	}
	return all
}

package guard

import (
	"fmt"
	"sync"
	"time"
)

// Space refuses what needs new space on a disk that is nearly full. The rest is kept for
// signing in and for the work that frees space. Its methods may be called from any
// goroutine.
type Space struct {
	folders []string
	free    func(folder string) (free, total uint64, err error)

	mu      sync.Mutex
	checked time.Time
	full    error // as of then
}

const (
	// spaceKept is how much space new users and pictures must leave, in bytes: enough for
	// days of sign-ins. On a small disk it is a twentieth of the disk.
	spaceKept      = 256 << 20
	spaceKeptShare = 20
	// spaceInterval is how often the disks are looked at, at most.
	spaceInterval = time.Second
)

// NewSpace returns the space on the disks of the given folders.
func NewSpace(folders ...string) *Space { return &Space{folders: folders, free: freeSpace} }

// Admit fails if a disk is nearly full. A nil Space admits everything, and so does a disk
// that cannot be looked at: its own errors will tell. Error: storage_full.
func (s *Space) Admit() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.checked) >= spaceInterval { // the clock of disks is the real one
		s.checked, s.full = time.Now(), s.check()
	}
	return s.full
}

func (s *Space) check() error {
	for _, folder := range s.folders {
		free, total, err := s.free(folder)
		if keep := min(spaceKept, total/spaceKeptShare); err == nil && free < keep {
			return &Error{Kind: KindFull, Code: "storage_full", Message: storageFull,
				Err: fmt.Errorf("the disk of %s has %d MiB left; new users and pictures are refused below %d MiB", folder, free>>20, keep>>20)}
		}
	}
	return nil
}

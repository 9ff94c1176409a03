package guard

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// New users and pictures are refused when a disk has less than 256 MiB, or a twentieth of
// a small one.
func TestSpace(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		free, total uint64
		err         error
		want        bool
	}{
		{1000 * mib, 100_000 * mib, nil, true},
		{256 * mib, 100_000 * mib, nil, true},
		{256*mib - 1, 100_000 * mib, nil, false},
		{5 * mib, 100 * mib, nil, true},
		{5*mib - 1, 100 * mib, nil, false},
		{0, 0, nil, true}, // a file system that does not say
		{0, 100 * mib, errors.New("no such folder"), true},
	} {
		this := Disk{"database", func() (free, total uint64, err error) { return c.free, c.total, c.err }}
		roomy := Disk{"pictures", func() (free, total uint64, err error) { return 1 << 40, 1 << 40, nil }}
		for other, disks := range [][]Disk{{this}, {roomy, this}} {
			s := NewSpace(slog.New(slog.DiscardHandler), disks...)
			err := s.Admit()
			e, isFull := errors.AsType[*Error](err)
			if isFull && (e.Kind != KindFull || e.Code != "storage_full") || isFull == c.want {
				t.Errorf("%d of %d bytes free, beside %d others: %v", c.free, c.total, other, err)
			}
		}
	}
	var none *Space
	if err := none.Admit(); err != nil {
		t.Error(err)
	}
	s := NewSpace(slog.Default(), DiskOf("database", t.TempDir()), DiskOf("pictures", "/no/such/folder"))
	if free := s.Free(); free["database"] == 0 || len(free) != 1 {
		t.Errorf("free %v", free)
	}
}

// The log says once that a disk became nearly full, and once that it no longer is.
func TestSpaceIsLogged(t *testing.T) {
	var out strings.Builder
	free := uint64(0)
	s := NewSpace(slog.New(slog.NewTextHandler(&out, nil)), Disk{"database", func() (uint64, uint64, error) { return free, 1 << 40, nil }})
	for _, free = range []uint64{1 << 30, 5 << 20, 5 << 20, 1 << 30, 1 << 30} {
		s.checked = time.Time{}
		_ = s.Admit()
	}
	full, again := strings.Count(out.String(), "the disk of the database has 5 MiB left"), strings.Count(out.String(), "have space again")
	if full != 1 || again != 1 {
		t.Error(out.String())
	}
}

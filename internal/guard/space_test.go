package guard

import (
	"errors"
	"testing"
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
		for other, folders := range [][]string{{"this"}, {"roomy", "this"}} {
			s := NewSpace(folders...)
			s.free = func(folder string) (free, total uint64, err error) {
				if folder == "roomy" {
					return 1 << 40, 1 << 40, nil
				}
				return c.free, c.total, c.err
			}
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
	if err := NewSpace(t.TempDir(), "/no/such/folder").Admit(); err != nil {
		t.Logf("the disk of this test is nearly full: %v", err)
	}
}

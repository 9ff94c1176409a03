package store

import (
	"fmt"
	"time"
)

// Times are kept as microseconds since 1970, which all databases index and compare as
// plain integers.

func micros(t time.Time) int64 { return t.UnixMicro() }

// nullMicros is NULL for the zero time.
func nullMicros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return micros(t)
}

// instant scans a column of microseconds into a time in UTC, and NULL into the zero time.
type instant struct{ t *time.Time }

func (i instant) Scan(src any) error {
	switch us := src.(type) {
	case nil:
		*i.t = time.Time{}
	case int64:
		*i.t = time.UnixMicro(us).UTC()
	default:
		return fmt.Errorf("%w: a column of times holds %T", ErrDamaged, src)
	}
	return nil
}

// Stored returns a time as the database will return it: in UTC, to the microsecond.
func Stored(t time.Time) time.Time { return time.UnixMicro(t.UnixMicro()).UTC() }

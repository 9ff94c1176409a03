package wire

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// deadlines records the deadlines of a connection, as times from now.
type deadlines struct {
	http.ResponseWriter
	read, written []time.Duration
}

func away(t time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return time.Until(t).Round(time.Second)
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.read = append(d.read, away(t))
	return nil
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.written = append(d.written, away(t))
	return nil
}

// A body has ten seconds for every 160 KiB, however fast the ones before came. The
// end of the body lifts the deadline.
func TestBodiesHaveToArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &deadlines{ResponseWriter: httptest.NewRecorder()}
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(strings.Repeat("x", 240<<10)))
		paceBody(w, r)
		for _, size := range []int{100 << 10, 60 << 10, 80 << 10, 1} {
			_, _ = r.Body.Read(make([]byte, size))
			time.Sleep(3 * time.Second)
		}
		const s = time.Second
		if want := []time.Duration{10 * s, 7 * s, 10 * s, 7 * s, 0}; !slices.Equal(w.read, want) {
			t.Errorf("deadlines %v, want %v", w.read, want)
		}
	})
}

// An answer, which may be a file, has the same pace.
func TestAnswersHaveToBeTaken(t *testing.T) {
	for what, send := range map[string]func(io.Writer, *io.LimitedReader) (int64, error){
		"read from": func(w io.Writer, r *io.LimitedReader) (int64, error) { return w.(io.ReaderFrom).ReadFrom(r) },
		"written": func(w io.Writer, r *io.LimitedReader) (int64, error) {
			data, _ := io.ReadAll(r)
			n, err := w.Write(data)
			return int64(n), err
		},
	} {
		t.Run(what, func(t *testing.T) {
			w := &deadlines{ResponseWriter: httptest.NewRecorder()}
			rec := &writer{ResponseWriter: w, began: time.Now()}
			rec.WriteHeader(http.StatusOK)
			n, err := send(rec, &io.LimitedReader{R: strings.NewReader(strings.Repeat("x", 400<<10)), N: 350 << 10})
			if n != 350<<10 || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
			if len(w.written) != 3 || slices.Max(w.written) != 10*time.Second {
				t.Errorf("deadlines %v", w.written)
			}
		})
	}
}

// A short answer that comes late gets a deadline of its own, because the server's runs from the
// arrival of the request.
func TestLateAnswersHaveTimeToLeave(t *testing.T) {
	for _, c := range []struct {
		waited time.Duration
		want   []time.Duration
	}{{0, nil}, {9500 * time.Millisecond, []time.Duration{10 * time.Second}}} {
		synctest.Test(t, func(t *testing.T) {
			w := &deadlines{ResponseWriter: httptest.NewRecorder()}
			rec := &writer{ResponseWriter: w, began: time.Now()}
			time.Sleep(c.waited)
			rec.WriteHeader(http.StatusServiceUnavailable)
			_, _ = rec.Write([]byte("{}"))
			if !slices.Equal(w.written, c.want) {
				t.Errorf("after %v: deadlines %v, want %v", c.waited, w.written, c.want)
			}
		})
	}
}

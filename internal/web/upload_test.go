package web

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Nobody can take the memory for uploads away from others by starting uploads
// that never end.
func TestUploadBudget(t *testing.T) {
	const file = 10 << 20
	b := newUploadBudget(file)
	if !b.take("eve", 2*file) || b.take("eve", 1) {
		t.Error("a person gets two files' worth, and no more")
	}
	if !b.take("ada", file) {
		t.Error("another person gets nothing")
	}
	for n := range 30 {
		b.take("sockpuppet "+string(rune('a'+n)), file)
	}
	if b.taken > maxUploadMemory || b.take("bob", file) {
		t.Errorf("all together took %d bytes, and bob as well", b.taken)
	}
	b.giveBack("ada", file)
	if !b.take("bob", file) {
		t.Error("what was given back is not there")
	}
	b.giveBack("eve", 2*file)
	if !b.take("eve", file) || b.takenBy["eve"] != file {
		t.Error("eve cannot upload after her uploads have ended")
	}
}

// A body that is read gives back what it took, however it ended.
func TestMeteredReader(t *testing.T) {
	b := newUploadBudget(10)
	m := &meteredReader{Reader: strings.NewReader(strings.Repeat("x", 25)), budget: b, user: "ada"}
	for range 4 {
		if _, err := m.Read(make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.Read(make([]byte, 5)); !errors.Is(err, errUploadsBusy) {
		t.Errorf("past the budget: %v", err)
	}
	m.release()
	if b.taken != 0 || len(b.takenBy) != 0 {
		t.Errorf("kept %d bytes, %v", b.taken, b.takenBy)
	}
}

// deadlines notes which deadlines a connection is given, by how long they are away.
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

// A body has ten seconds for every 160 KiB, however fast those before came; when
// it has arrived, the answer takes its own time.
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

// So it is with an answer, which may be a file.
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
			rec := &recorder{ResponseWriter: w}
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

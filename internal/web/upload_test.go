package web

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
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

// deadlines notes which deadlines a connection is given.
type deadlines struct {
	http.ResponseWriter
	set []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.set = append(d.set, t)
	return nil
}

// A body has ten seconds to begin with and then to keep up 16 KiB a second; when
// it has arrived, the answer takes its own time.
func TestBodiesHaveToArrive(t *testing.T) {
	w := &deadlines{ResponseWriter: httptest.NewRecorder()}
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(strings.Repeat("x", 64<<10)))
	body := paceBody(w, r)
	for _, size := range []int{32 << 10, 32 << 10, 1} {
		_, _ = io.ReadFull(r.Body, make([]byte, size))
	}
	var got []time.Duration
	for _, at := range w.set {
		if at.IsZero() {
			got = append(got, 0)
			continue
		}
		got = append(got, at.Sub(body.start))
	}
	want := []time.Duration{10 * time.Second, 12 * time.Second, 14 * time.Second, 0}
	if len(got) != len(want) {
		t.Fatalf("deadlines %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("deadlines %v, want %v", got, want)
		}
	}
}

package wire

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// One user cannot take all the memory for uploads.
func TestUploadBudget(t *testing.T) {
	const file = 10 << 20
	b := newBudget(file)
	if !b.take("eve", 2*file) || b.take("eve", 1) {
		t.Error("a user gets two files' worth, and no more")
	}
	if !b.take("ada", file) {
		t.Error("another user gets nothing")
	}
	for n := range 30 {
		b.take("sockpuppet "+string(rune('a'+n)), file)
	}
	if b.taken > maxUploadMemory || b.take("bob", file) {
		t.Errorf("all users took %d bytes, and bob got some too", b.taken)
	}
	b.giveBack("ada", file)
	if !b.take("bob", file) {
		t.Error("memory that was given back is not available")
	}
	b.giveBack("eve", 2*file)
	if !b.take("eve", file) || b.takenBy["eve"] != file {
		t.Error("eve cannot upload after her uploads have ended")
	}
}

// A body gives back all the memory that it took.
func TestMeteredBody(t *testing.T) {
	b := newBudget(10)
	m := &MeteredBody{Reader: strings.NewReader(strings.Repeat("x", 25)), budget: b, user: "ada"}
	for range 4 {
		if _, err := m.Read(make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.Read(make([]byte, 5)); !errors.Is(err, errUploadsBusy) {
		t.Errorf("past the budget: %v", err)
	}
	m.Release()
	if b.taken != 0 || len(b.takenBy) != 0 {
		t.Errorf("kept %d bytes, %v", b.taken, b.takenBy)
	}
}

// Slow readers in one network cannot take all the memory for answers, and in a container
// there is less of it.
func TestAnswerBudget(t *testing.T) {
	b := newAnswerBudget(0)
	if !b.take("eve", maxAnswerMemory/8) || b.take("eve", 1) || !b.take("ada", 64<<10) {
		t.Error("a network gets an eighth, and no more")
	}
	if b := newAnswerBudget(128 << 20); b.all != 8<<20 {
		t.Errorf("in a container of 128 MiB: %d bytes", b.all)
	}
}

// A large answer waits for its reader within the budget. Beyond it there is a small one.
func TestLargeAnswers(t *testing.T) {
	w := &Wire{opt: Options{Now: time.Now}, answers: newAnswerBudget(0)}
	body := Success(strings.Repeat("x", maxAnswerMemory/8-1000))
	answer := func(from string, during func()) int {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RemoteAddr = from + ":40000"
		rec := httptest.NewRecorder()
		w.request(&pausing{rec, during}, r).JSON(http.StatusOK, body)
		return rec.Code
	}
	got := answer("192.0.2.1", func() {
		if code := answer("192.0.2.1", func() {}); code != http.StatusServiceUnavailable {
			t.Errorf("a second large answer in the same network: %d", code)
		}
		if code := answer("192.0.2.2", func() {}); code != http.StatusOK {
			t.Errorf("a large answer in another network: %d", code)
		}
	})
	if got != http.StatusOK || w.answers.taken != 0 || len(w.answers.takenBy) != 0 {
		t.Errorf("answered %d, kept %d bytes", got, w.answers.taken)
	}
}

// pausing is a client that does something before it reads the answer.
type pausing struct {
	http.ResponseWriter
	during func()
}

func (p *pausing) Write(b []byte) (int, error) {
	during := p.during
	p.during = func() {}
	during()
	return p.ResponseWriter.Write(b)
}

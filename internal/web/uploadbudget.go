package web

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// maxUploadMemory bounds what all uploads under way hold in memory, in bytes.
const maxUploadMemory = 256 << 20

// uploadBudget shares the memory for uploads among people: no one person takes
// more than two of the largest files, so that nobody can take it all by
// starting uploads that never end.
type uploadBudget struct {
	all, each int64 // bytes

	mu      sync.Mutex
	taken   int64
	takenBy map[string]int64 // by user id
}

func newUploadBudget(maxFile int64) *uploadBudget {
	return &uploadBudget{all: max(maxUploadMemory, maxFile), each: 2 * maxFile, takenBy: map[string]int64{}}
}

func (b *uploadBudget) take(user string, n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken+n > b.all || b.takenBy[user]+n > b.each {
		return false
	}
	b.taken += n
	b.takenBy[user] += n
	return true
}

func (b *uploadBudget) giveBack(user string, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken -= n
	if b.takenBy[user] -= n; b.takenBy[user] == 0 {
		delete(b.takenBy, user)
	}
}

var errUploadsBusy = &refusal{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: 5 * time.Second,
	Message: "There are too many uploads at the moment. Please try again in a few seconds."}

// meteredReader takes what it reads from a person's budget, until release.
type meteredReader struct {
	io.Reader
	budget *uploadBudget
	user   string
	taken  int64
}

func (m *meteredReader) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	if !m.budget.take(m.user, int64(n)) {
		return 0, errUploadsBusy
	}
	m.taken += int64(n)
	return n, err
}

func (m *meteredReader) release() { m.budget.giveBack(m.user, m.taken) }

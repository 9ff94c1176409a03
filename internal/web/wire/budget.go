package wire

import (
	"io"
	"sync"
)

// maxUploadMemory bounds what all uploads under way hold in memory, in bytes.
const maxUploadMemory = 256 << 20

// budget shares the memory for uploads among users. One user gets at most two of
// the largest files, so that nobody can take all of it with uploads that never end.
type budget struct {
	all, each int64 // bytes

	mu      sync.Mutex
	taken   int64
	takenBy map[string]int64 // by user id
}

func newBudget(maxFile int64) *budget {
	return &budget{all: max(maxUploadMemory, maxFile), each: 2 * maxFile, takenBy: map[string]int64{}}
}

// within lowers what all uploads may take, to one of the largest files at least.
func (b *budget) within(memory int64) *budget {
	if memory > 0 {
		b.all = min(b.all, max(memory, b.each/2))
	}
	return b
}

func (b *budget) take(user string, n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken+n > b.all || b.takenBy[user]+n > b.each {
		return false
	}
	b.taken += n
	b.takenBy[user] += n
	return true
}

func (b *budget) giveBack(user string, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken -= n
	if b.takenBy[user] -= n; b.takenBy[user] == 0 {
		delete(b.takenBy, user)
	}
}

// MeteredBody is a request's body that takes what is read from the user's part of
// the memory for uploads. A read fails with the error busy when the part is used up.
type MeteredBody struct {
	io.Reader
	budget *budget
	user   string
	taken  int64
}

// MeteredBody returns the body of a signed-in user's request, to be released when
// its bytes are no longer needed.
func (r *Request) MeteredBody() *MeteredBody {
	return &MeteredBody{Reader: r.HTTP.Body, budget: r.wire.uploads, user: r.Session.User.ID}
}

func (m *MeteredBody) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	if !m.budget.take(m.user, int64(n)) {
		return 0, errUploadsBusy
	}
	m.taken += int64(n)
	return n, err
}

// Release gives the memory back.
func (m *MeteredBody) Release() { m.budget.giveBack(m.user, m.taken) }

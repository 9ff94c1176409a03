package wire

import (
	"io"
	"sync"
)

// maxUploadMemory bounds what all uploads under way hold in memory, in bytes.
const maxUploadMemory = 256 << 20

// maxAnswerMemory bounds what all large answers under way hold in memory, in bytes.
// Answers that requests share, such as the contract, do not count.
const maxAnswerMemory = 32 << 20

// budget shares memory among users or networks. Each has a limit of its own, so that nobody
// can take all of it.
type budget struct {
	all, each int64 // bytes

	mu      sync.Mutex
	taken   int64
	takenBy map[string]int64
}

// newBudget is for uploads, by user id: two of the largest files for each.
func newBudget(maxFile int64) *budget {
	return &budget{all: max(maxUploadMemory, maxFile), each: 2 * maxFile, takenBy: map[string]int64{}}
}

// newAnswerBudget is for answers, by network: an eighth for each. It takes a sixteenth of
// the memory at most; 0: no limit.
func newAnswerBudget(memory int64) *budget {
	all := int64(maxAnswerMemory)
	if memory > 0 {
		all = min(all, memory/16)
	}
	return &budget{all: all, each: all / 8, takenBy: map[string]int64{}}
}

// within lowers what all uploads may take, to one of the largest files at least.
func (b *budget) within(memory int64) *budget {
	if memory > 0 {
		b.all = min(b.all, max(memory, b.each/2))
	}
	return b
}

func (b *budget) take(by string, n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken+n > b.all || b.takenBy[by]+n > b.each {
		return false
	}
	b.taken += n
	b.takenBy[by] += n
	return true
}

func (b *budget) giveBack(by string, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken -= n
	if b.takenBy[by] -= n; b.takenBy[by] == 0 {
		delete(b.takenBy, by)
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

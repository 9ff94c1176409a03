package house

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"
)

// Log keeps what was logged.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Await waits until a text is in the log.
func (l *Log) Await(t testing.TB, text string) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); !strings.Contains(l.String(), text); <-tick.C {
		if time.Since(begun) > 30*time.Second {
			t.Fatalf("%q does not come; the log is\n%s", text, l)
		}
	}
}

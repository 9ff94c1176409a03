package wire

import (
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// rarely keeps lines that strangers can cause from filling the log: it lets one
// through per key and period. The zero value is ready for use.
type rarely struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// maxKeys bounds the memory of rarely. If there are more keys in a period, the
// further ones are not logged.
const maxKeys = 256

// due reports whether a line about the key is due, and if so counts it.
func (l *rarely) due(key string, now time.Time, every time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if since := now.Sub(l.last[key]); since >= 0 && since < every {
		return false
	}
	for old, at := range l.last {
		if len(l.last) < maxKeys {
			break
		}
		if since := now.Sub(at); since < 0 || since >= every {
			delete(l.last, old)
		}
	}
	if _, known := l.last[key]; !known && len(l.last) >= maxKeys {
		return false
	}
	if l.last == nil {
		l.last = map[string]time.Time{}
	}
	l.last[key] = now
	return true
}

// printable makes text of a stranger fit for the log: it drops what cannot be
// printed and cuts the rest to a number of bytes.
func printable(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s[:min(len(s), 4*limit)])
	for len(s) > limit {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return strings.Clone(s)
}

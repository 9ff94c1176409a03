package words

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Places fill the places of a text, by their names without braces.
type Places map[string]string

// Language has the texts of one language. It is safe for concurrent use.
type Language struct {
	tag   string
	texts catalogue
	keys  map[string]string // of the embedded English texts
}

// Tag is the language's tag (RFC 5646), such as en or pt-BR.
func (l *Language) Tag() string { return l.tag }

// Has reports whether there is a text of this key.
func (l *Language) Has(key string) bool { return l.texts[key] != nil }

// Text returns the text of a key, with its places filled. It fails if the text does not
// exist or places has no value for one of its places.
func (l *Language) Text(key string, places Places) (string, error) {
	p := l.texts[key]
	if p == nil {
		return "", fmt.Errorf("there is no text %s", key)
	}
	if len(p) == 1 {
		return p[0], nil
	}
	var b strings.Builder
	for i, part := range p {
		if i%2 == 1 {
			value, ok := places[part]
			if !ok {
				return "", fmt.Errorf("nothing fills the place {%s} of %s", part, key)
			}
			part = value
		}
		b.WriteString(part)
	}
	return b.String(), nil
}

// Translate returns the text that stands for an English one, such as the message of an
// error. ok is false if the English catalogue does not have it.
func (l *Language) Translate(english string) (text string, ok bool) {
	if p := l.texts[l.keys[english]]; len(p) == 1 {
		return p[0], true
	}
	return "", false
}

// Date writes a date and a time to the minute, in UTC.
func (l *Language) Date(t time.Time) string {
	t = t.UTC()
	day := strconv.Itoa(t.Day())
	if t.Day() == 1 {
		day = l.must("time.first", nil)
	}
	return l.must("time.date", Places{
		"day":   day,
		"month": l.must("time.month."+strconv.Itoa(int(t.Month())), nil),
		"year":  strconv.Itoa(t.Year()),
		"time":  t.Format("15:04"),
	})
}

// Duration writes a duration in days from two days on, in hours from one hour on, and
// else in minutes, rounded down to the unit but at least one minute.
func (l *Language) Duration(d time.Duration) string {
	unit, n := "minute", int(d/time.Minute)
	switch {
	case d >= 48*time.Hour:
		unit, n = "day", int(d/(24*time.Hour))
	case d >= time.Hour:
		unit, n = "hour", int(d/time.Hour)
	}
	if n <= 1 {
		return l.must("time."+unit, nil)
	}
	return l.must("time."+unit+"s", Places{"n": strconv.Itoa(n)})
}

// must returns a text of this package's own. Load has checked that it exists, with the
// places that are given here.
func (l *Language) must(key string, places Places) string {
	s, err := l.Text(key, places)
	if err != nil {
		panic("words: " + err.Error())
	}
	return s
}

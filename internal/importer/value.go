package importer

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// textOf reads a value as a text; nil is empty. problem says why it cannot be read.
func textOf(value any) (text, problem string) {
	switch v := value.(type) {
	case nil:
		return "", ""
	case string:
		text = v
	case []byte:
		text = string(v)
	case int64:
		return strconv.FormatInt(v, 10), ""
	case [16]byte: // a UUID of PostgreSQL
		return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:]), ""
	default:
		text = fmt.Sprint(v)
	}
	switch {
	case len(text) > maxValue:
		return "", fmt.Sprintf("longer than %d bytes", maxValue)
	case !utf8.ValidString(text):
		return "", "not valid UTF-8"
	}
	return text, ""
}

// isTrue reads a truth. A time, such as that of a confirmation, is true.
func isTrue(value any) bool {
	switch v := value.(type) {
	case bool:
		return v
	case int64:
		return v != 0
	case time.Time:
		return !v.IsZero()
	}
	text, _ := textOf(value)
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "", "0", "f", "false", "n", "no", "off", "null", "none":
		return false
	}
	return true
}

// layouts are the forms in which databases write times as texts.
var layouts = []string{
	"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999-07", "2006-01-02 15:04:05.999999999", time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999", "2006-01-02 15:04", time.DateOnly,
}

// timeOf reads a time; zero if it cannot be read. One without a zone is taken for UTC, and a
// number for the seconds, milliseconds or microseconds since 1970.
func timeOf(value any) time.Time {
	if t, ok := value.(time.Time); ok {
		return t.UTC()
	}
	text, _ := textOf(value)
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseFloat(text, 64); err == nil && n > 0 && n < 1e17 {
		switch {
		case n > 1e14:
			return time.UnixMicro(int64(n)).UTC()
		case n > 1e11:
			return time.UnixMilli(int64(n)).UTC()
		}
		return time.UnixMicro(int64(n * 1e6)).UTC()
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

package importer

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// textOf reads a value as a text; nil and \N, as MySQL and PostgreSQL export it, are empty.
// problem says why it cannot be read.
func textOf(value any) (text, problem string) {
	switch v := value.(type) {
	case nil:
		return "", ""
	case string:
		text = v
	case []byte:
		text = string(v)
	case float64: // of an id, without an exponent
		return strconv.FormatFloat(v, 'f', -1, 64), ""
	case int64:
		return strconv.FormatInt(v, 10), ""
	case time.Time:
		return v.Format(time.RFC3339Nano), ""
	case [16]byte: // a UUID of PostgreSQL
		return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:]), ""
	default:
		text = fmt.Sprint(v)
	}
	switch {
	case text == `\N`:
		return "", ""
	case len(text) > maxValue:
		return "", fmt.Sprintf("longer than %d bytes", maxValue)
	case !utf8.ValidString(text):
		return "", "not valid UTF-8"
	}
	return text, ""
}

// nameText reads a name as far as it can be read. isWhole is false if that is a part.
func nameText(value any) (text string, isWhole bool) {
	if v, ok := value.([]byte); ok {
		value = string(v)
	}
	isWhole = true
	if v, ok := value.(string); ok {
		short := cut(v)
		value, isWhole = short, short == v
	}
	text, _ = textOf(value)
	return text, isWhole
}

func cut(text string) string { return strings.ToValidUTF8(text[:min(len(text), maxValue)], "") }

// lowerText reads a value that is no text for people: empty if there is none.
func lowerText(value any) string {
	text, _ := textOf(value)
	switch text = strings.ToLower(strings.TrimSpace(text)); {
	case text == "null", text == "none", text == "-infinity", strings.HasPrefix(text, "0000-00-00"):
		return ""
	}
	return text
}

// truth is what a value says.
type truth int

// Truths. A time is of its own kind.
const (
	noTruth truth = iota // empty
	isFalse
	isTrue
	isTime
	isUnclear
)

// truthOf reads a truth: a word, a number or a time.
func truthOf(value any) (truth, time.Time) {
	if v, ok := value.(bool); ok {
		value = strconv.FormatBool(v)
	}
	if _, problem := textOf(value); problem != "" {
		return isUnclear, time.Time{}
	}
	text := lowerText(value)
	switch text {
	case "":
		return noTruth, time.Time{}
	case "\x00": // BIT of MySQL
		return isFalse, time.Time{}
	case "\x01":
		return isTrue, time.Time{}
	case "f", "false", "n", "no", "off":
		return isFalse, time.Time{}
	case "t", "true", "y", "yes", "on", "active", "enabled":
		return isTrue, time.Time{}
	}
	if at := digitsTime(text); !at.IsZero() {
		return isTime, at
	}
	n, err := strconv.ParseFloat(text, 64)
	isNumber := err == nil && n-n == 0 // neither infinite nor NaN
	if isNumber && n == 0 {
		return isFalse, time.Time{}
	}
	if isNumber && n < 1e8 { // no time since 1973
		return isTrue, time.Time{}
	}
	if at := timeOf(value); !at.IsZero() {
		return isTime, at
	}
	return isUnclear, time.Time{}
}

// layouts are the forms in which databases write times as texts.
var layouts = []string{
	"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999-07", "2006-01-02 15:04:05.999999999", time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999", "2006-01-02 15:04", time.DateOnly,
	"2006-01-02 15:04:05.999999999-0700", "2006-01-02 15:04:05.999999999 -0700", "2006-01-02 15:04:05.999999999 -07:00",
	"2006-01-02T15:04:05.999999999-0700", "Mon, 2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05",
}

// digitsTime reads a time of digits alone, such as 20240302 and 20240302010405, from 1900 to 2199.
// Read as seconds, the days would all be in August 1970 and before.
func digitsTime(text string) time.Time {
	for _, layout := range []string{"20060102", "20060102150405"} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1900 && t.Year() < 2200 {
			return t
		}
	}
	return time.Time{}
}

// timeOf reads a time; zero if it cannot be read, or is before year 1 or after year 9999. One
// without a zone is taken for UTC, and a number for the seconds, milliseconds or microseconds
// since 1970.
func timeOf(value any) time.Time {
	if t, ok := value.(time.Time); ok {
		return inRange(t)
	}
	text, _ := textOf(value)
	text = strings.TrimSpace(text)
	if t := digitsTime(text); !t.IsZero() {
		return t
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil && n > 0 && n < 1e17 {
		switch {
		case n > 1e14:
			return time.UnixMicro(int64(n)).UTC()
		case n > 1e11:
			return time.UnixMilli(int64(n)).UTC()
		}
		return time.UnixMicro(int64(n * 1e6)).UTC()
	}
	for _, zone := range []string{" UTC", " GMT"} { // what has no zone is taken for UTC
		text = strings.TrimSuffix(text, zone)
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return inRange(t)
		}
	}
	return time.Time{}
}

func inRange(t time.Time) time.Time {
	t = t.UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

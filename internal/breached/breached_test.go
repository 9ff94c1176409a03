package breached

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sortedLines returns the lines of a list of passwords.
func sortedLines(passwords int, form func(hash string, i int) string) []string {
	var lines []string
	for i := range passwords {
		lines = append(lines, form(fmt.Sprintf("%X", sha1.Sum(fmt.Append(nil, "password ", i))), i))
	}
	slices.Sort(lines)
	return lines
}

func withCount(hash string, i int) string { return fmt.Sprintf("%s:%d", hash, i*i*i) }

func write(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, text string) *List {
	t.Helper()
	l, err := Open(write(t, text))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func wantHas(t *testing.T, l *List, password string, want bool) {
	t.Helper()
	if got, err := l.Has(password); got != want || err != nil {
		t.Errorf("%q: %v, %v, want %v", password, got, err, want)
	}
}

// Has finds exactly the passwords in the list, in each form of a list.
func TestHas(t *testing.T) {
	for name, text := range map[string]string{
		"as downloaded":     strings.Join(sortedLines(1000, withCount), "\r\n") + "\r\n",
		"LF":                strings.Join(sortedLines(1000, withCount), "\n") + "\n",
		"a mark before it":  "\ufeff" + strings.Join(sortedLines(1000, withCount), "\r\n"),
		"no final newline":  strings.Join(sortedLines(1000, withCount), "\r\n"),
		"hashes only":       strings.Join(sortedLines(1000, func(hash string, _ int) string { return hash }), "\n") + "\n",
		"hashes only, CRLF": strings.Join(sortedLines(1000, func(hash string, _ int) string { return hash }), "\r\n") + "\r\n",
		"lower case":        strings.ToLower(strings.Join(sortedLines(1000, withCount), "\n") + "\n"),
		"long counts": strings.Join(sortedLines(1000, func(hash string, i int) string {
			return hash + ":" + strings.Repeat("9", 20*(i%2)+1-i%2)
		}), "\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, text)
			for i := range 1000 {
				wantHas(t, l, fmt.Sprint("password ", i), true)
				wantHas(t, l, fmt.Sprint("password ", i, " "), false)
			}
			wantHas(t, l, "", false)
		})
	}
	one := open(t, sortedLines(1, withCount)[0])
	wantHas(t, one, "password 0", true)
	wantHas(t, one, "password 1", false)
	wantHas(t, nil, "password 0", false)
}

// countingReader counts reads and bytes.
type countingReader struct {
	io.ReaderAt
	reads, bytes int
}

func (c *countingReader) ReadAt(b []byte, offset int64) (int, error) {
	c.reads++
	c.bytes += len(b)
	return c.ReaderAt.ReadAt(b, offset)
}

// A list of twice the length needs one more read.
func TestFewReads(t *testing.T) {
	for n, most := range map[int]int{1000: 17, 4000: 19, 16000: 21, 64000: 23} {
		text := strings.Join(sortedLines(n, withCount), "\r\n")
		file := &countingReader{ReaderAt: strings.NewReader(text)}
		l := &List{file: file, size: int64(len(text))}
		for i := range 100 {
			file.reads, file.bytes = 0, 0
			wantHas(t, l, fmt.Sprint("password ", i), true)
			wantHas(t, l, fmt.Sprint("none ", i), false)
			if file.reads > 2*most || file.bytes > file.reads*2*maxLine {
				t.Fatalf("%d reads of %d bytes in %d lines", file.reads, file.bytes, n)
			}
		}
	}
}

// Open refuses files that are malformed or not sorted.
func TestOpenRefuses(t *testing.T) {
	good := sortedLines(1000, withCount)
	backwards := slices.Clone(good)
	slices.Reverse(backwards)
	byCount := slices.SortedFunc(slices.Values(good), func(a, b string) int {
		_, a, _ = strings.Cut(a, ":")
		_, b, _ = strings.Cut(b, ":")
		return strings.Compare(b, a)
	})
	for name, text := range map[string]string{
		"empty":               "",
		"a blank line":        "\n",
		"text":                strings.Repeat("password1\n", 1000),
		"one long line":       strings.Repeat("0", 1000),
		"NTLM hashes":         good[0][:32] + ":1\n",
		"41 digits":           good[0][:40] + "0:1\n",
		"sorted by the count": strings.Join(byCount, "\n"),
		"sorted backwards":    strings.Join(backwards, "\n"),
		"zeros":               string(make([]byte, 4000)),
	} {
		if l, err := Open(write(t, text)); !errors.Is(err, ErrNotAList) {
			t.Errorf("%s: %v, %v", name, l, err)
		}
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a file") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// An unreadable list is an error. It is never reported as a missing password.
func TestDamageIsAnError(t *testing.T) {
	text := strings.Join(sortedLines(1000, withCount), "\n")
	path := write(t, text)
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Has("none"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("truncated: %v", err)
	}
	if err := os.WriteFile(path, bytes.Repeat([]byte("x"), len(text)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Has("none"); !errors.Is(err, ErrNotAList) {
		t.Errorf("overwritten: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Has("none"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// In any file, a search terminates and reports only passwords that are there. In a
// sorted list it finds all of them.
func FuzzHas(f *testing.F) {
	good := strings.Join(sortedLines(5, withCount), "\r\n")
	for _, text := range []string{"", "\n", good, good + "\r\n", strings.ToLower(good), good[:100], good + "\n\n", "x" + good, good[41:]} {
		f.Add([]byte(text), "password 3")
	}
	f.Fuzz(func(t *testing.T, text []byte, password string) {
		l := &List{file: bytes.NewReader(text), size: int64(len(text))}
		if err := l.checkSamples(); err == nil && len(text) == 0 {
			t.Error("an empty list was accepted")
		}
		has, err := l.Has(password)
		hash := fmt.Sprintf("%x", sha1.Sum([]byte(password)))
		if has && !bytes.Contains(bytes.ToLower(text), []byte(hash)) {
			t.Errorf("%q is not in it (%v)", password, err)
		}
		sorted, last := true, ""
		var there bool
		for line := range strings.Lines(string(text)) {
			digits, _, _ := strings.Cut(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), ":")
			digits = strings.ToLower(digits)
			sorted = sorted && len(line) <= maxLine && len(digits) == 40 && strings.Trim(digits, "0123456789abcdef") == "" && digits >= last
			last, there = digits, there || digits == hash
		}
		if sorted && (err != nil || has != there) {
			t.Errorf("%q: %v, %v, want %v", password, has, err, there)
		}
	})
}

package blob_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
)

// testStore tests the guarantees of [blob.Store]. newStore returns an empty store.
func testStore(t *testing.T, newStore func(t *testing.T) blob.Store) {
	for name, test := range map[string]func(t *testing.T, s blob.Store){
		"round trip":             testRoundTrip,
		"sizes":                  testSizes,
		"seek":                   testSeek,
		"time":                   testModTime,
		"not found":              testNotFound,
		"delete":                 testDelete,
		"keys":                   testKeys,
		"similar keys":           testSimilarKeys,
		"concurrent use":         testConcurrentUse,
		"check":                  testCheck,
		"list":                   testList,
		"caller keeps its slice": testCallerKeepsData,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newStore(t))
		})
	}
}

const key = "k3v9x2q7mzt4hw5ek3v9x2q7mz"

// put stores a blob and fails the test on an error.
func put(t *testing.T, s blob.Store, key string, data []byte) {
	t.Helper()
	if err := s.Put(t.Context(), key, data); err != nil {
		t.Fatal(err)
	}
}

// open opens a blob until the test ends and fails the test on an error.
func open(t *testing.T, s blob.Store, key string) blob.Blob {
	t.Helper()
	b, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// wantBlob asserts what is stored under a key.
func wantBlob(t *testing.T, s blob.Store, key string, want []byte) {
	t.Helper()
	b := open(t, s, key)
	got, err := io.ReadAll(b)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: got %d bytes %.20q, %v, want %d bytes %.20q", key, len(got), got, err, len(want), want)
	}
	if b.Size() != int64(len(want)) {
		t.Errorf("%s: size %d, want %d", key, b.Size(), len(want))
	}
}

// wantMissing asserts that nothing is stored under a key.
func wantMissing(t *testing.T, s blob.Store, key string) {
	t.Helper()
	b, err := s.Open(t.Context(), key)
	if !errors.Is(err, blob.ErrNotFound) || b != nil {
		t.Errorf("%s: got %v, %v", key, b, err)
	}
}

func testRoundTrip(t *testing.T, s blob.Store) {
	put(t, s, key, []byte("\x89PNG\r\n\x1a\n\x00…"))
	for range 2 {
		wantBlob(t, s, key, []byte("\x89PNG\r\n\x1a\n\x00…"))
	}
}

func testSizes(t *testing.T, s blob.Store) {
	random := rand.NewChaCha8([32]byte{})
	for _, size := range []int{0, 1, 511, 4096, 1<<20 + 1, 10 << 20} {
		data := make([]byte, size)
		_, _ = random.Read(data) // never fails
		k := fmt.Sprintf("size%d", size)
		put(t, s, k, data)
		wantBlob(t, s, k, data)
	}
}

func testSeek(t *testing.T, s blob.Store) {
	put(t, s, key, []byte("0123456789"))
	b := open(t, s, key)
	for _, c := range []struct {
		offset int64
		whence int
		want   string
	}{
		{4, io.SeekStart, "456789"},
		{-3, io.SeekEnd, "789"},
		{0, io.SeekStart, "0123456789"},
		{-1, io.SeekCurrent, "9"},
		{0, io.SeekEnd, ""},
	} {
		if _, err := b.Seek(c.offset, c.whence); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(b); err != nil || string(got) != c.want {
			t.Errorf("from %d of %d: %q, %v, want %q", c.offset, c.whence, got, err, c.want)
		}
	}
}

func testModTime(t *testing.T, s blob.Store) {
	started := time.Now()
	put(t, s, key, []byte("data"))
	// Some file systems store whole seconds, and their clock may lag.
	if at := open(t, s, key).ModTime(); at.Before(started.Add(-2*time.Second)) || at.After(time.Now().Add(2*time.Second)) {
		t.Errorf("stored at %v, but ModTime is %v", started, at)
	}
}

func testNotFound(t *testing.T, s blob.Store) {
	wantMissing(t, s, key)
	put(t, s, key, nil)
	wantMissing(t, s, key+"a") // in the same folder
}

func testDelete(t *testing.T, s blob.Store) {
	if err := s.Delete(t.Context(), key); err != nil {
		t.Errorf("nothing to delete: %v", err)
	}
	put(t, s, key, []byte("data"))
	for range 2 {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Error(err)
		}
		wantMissing(t, s, key)
	}
}

func testKeys(t *testing.T, s blob.Store) {
	for _, k := range []string{"abcd", "0000", "z9z9", strings.Repeat("a", 64)} {
		put(t, s, k, []byte(k))
		wantBlob(t, s, k, []byte(k))
	}
	for _, k := range []string{
		"", "a", "abc", strings.Repeat("a", 65), strings.Repeat("a", 5000),
		".", "..", "....", "../..", "../../etc/passwd", "/etc/passwd", "ab/cd", `ab\cd`, "abcd/", "abcd/../abcd", "./abcd",
		"ABCD", "abcd.tmp", ".abcd", "ab.cd", "ab_cd", "ab-cd", "ab cd", " abcd", "abcd\n", "abcd\x00", "ab:cd", "~abcd",
		"äbcd", "abcd\u0301", "ａｂｃｄ", "\xff\xff\xff\xff", "%2e%2e%2f",
	} {
		_, openErr := s.Open(t.Context(), k)
		for what, err := range map[string]error{
			"put": s.Put(t.Context(), k, nil), "open": openErr, "delete": s.Delete(t.Context(), k),
		} {
			if !errors.Is(err, blob.ErrKey) {
				t.Errorf("%s %.80q: got %v", what, k, err)
			}
		}
	}
}

func testSimilarKeys(t *testing.T, s blob.Store) {
	keys := []string{"abcd", "abcde", "abdd", "bbcd", "ab00"}
	for _, k := range keys {
		put(t, s, k, []byte(k))
	}
	if err := s.Delete(t.Context(), "abcd"); err != nil {
		t.Fatal(err)
	}
	wantMissing(t, s, "abcd")
	for _, k := range keys[1:] {
		wantBlob(t, s, k, []byte(k))
	}
}

func testConcurrentUse(t *testing.T, s blob.Store) {
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			k := fmt.Sprintf("%c%03d", 'a'+i%2, i) // many in one folder; folders are created concurrently
			data := bytes.Repeat([]byte{byte(i)}, 1000*i)
			if err := s.Put(t.Context(), k, data); err != nil {
				t.Error(err)
				return
			}
			b, err := s.Open(t.Context(), k)
			if err != nil {
				t.Error(err)
				return
			}
			defer b.Close() //nolint:errcheck // only read
			if got, err := io.ReadAll(b); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s: got %d bytes, %v", k, len(got), err)
			}
			if err := errors.Join(s.Check(t.Context()), s.Delete(t.Context(), k)); err != nil {
				t.Error(err)
			}
			wantMissing(t, s, k)
		})
	}
	wg.Wait()
}

func testCheck(t *testing.T, s blob.Store) {
	for range 2 {
		if err := s.Check(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func testCallerKeepsData(t *testing.T, s blob.Store) {
	data := []byte("data")
	put(t, s, key, data)
	copy(data, "DATA")
	wantBlob(t, s, key, []byte("data"))
}

func testList(t *testing.T, s blob.Store) {
	want := []string{}
	for i := range 30 {
		k := fmt.Sprintf("%02dkey%d", i%3, i)
		put(t, s, k, []byte("x"))
		want = append(want, k)
	}
	if err := s.Delete(t.Context(), want[7]); err != nil {
		t.Fatal(err)
	}
	want = slices.Delete(want, 7, 8)
	got := []string{}
	if err := s.List(t.Context(), func(i blob.Item) error { got = append(got, i.Key); return i.Err }); err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	stop := errors.New("stop")
	if err := s.List(t.Context(), func(blob.Item) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	if at, err := s.ModTime(t.Context(), want[0]); err != nil || time.Since(at) > time.Hour {
		t.Errorf("%v, %v", at, err)
	}
	if _, err := s.ModTime(t.Context(), "nothing"); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

package s3_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/blob/s3"
	testkit "github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// An object is not replaced by other data.
func TestPutDoesNotReplace(t *testing.T) {
	t.Parallel()
	_, _, s := behindProxy(t)
	if err := errors.Join(s.Put(t.Context(), key, []byte("data")), s.Put(t.Context(), key, []byte("data"))); err != nil {
		t.Error(err)
	}
	if err := s.Put(t.Context(), key, []byte("more")); err == nil {
		t.Error("replaced")
	}
	wantWhole(t, s, []byte("data"))
}

// A range of a large picture does not load all of it.
func TestARangeLoadsLittle(t *testing.T) {
	t.Parallel()
	_, proxy, s := behindProxy(t)
	data := random(8 << 20)
	if err := s.Put(t.Context(), key, data); err != nil {
		t.Fatal(err)
	}
	before := proxy.Bytes()
	b, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close() //nolint:errcheck // it was only read
	if _, err := b.Seek(-1000, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(b)
	if err != nil || !bytes.Equal(got, data[len(data)-1000:]) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if n := proxy.Bytes() - before; n > 100_000 {
		t.Errorf("%d bytes loaded", n)
	}
}

// A check writes once a minute while no call fails, and at once after a failure.
func TestChecksAreCheap(t *testing.T) {
	t.Parallel()
	_, proxy, s := behindProxy(t)
	wants := func(what string, want int64) {
		t.Helper()
		before := proxy.Requests()
		if err := s.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if n := proxy.Requests() - before; n != want {
			t.Errorf("%s: %d requests", what, n)
		}
	}
	wants("the first", 2)
	wants("the second", 0)
	proxy.Fail(testkit.Cut)
	if _, err := s.IsEmpty(t.Context()); err == nil {
		t.Error("listed")
	}
	proxy.Fail(testkit.None)
	wants("after a failure", 2)
}

// A look whether a bucket is empty lists again only after ten seconds, or at once if a call found
// nothing or failed.
func TestLooksAreCheap(t *testing.T) {
	t.Parallel()
	_, proxy, s := behindProxy(t)
	wants := func(what string, want int64, isWantedEmpty bool) {
		t.Helper()
		before := proxy.Requests()
		if isEmpty, err := s.IsEmpty(t.Context()); err != nil || isEmpty != isWantedEmpty {
			t.Errorf("%s: %t, %v", what, isEmpty, err)
		}
		if n := proxy.Requests() - before; n != want {
			t.Errorf("%s: %d requests", what, n)
		}
	}
	wants("empty", 1, true)
	wants("still empty", 1, true)
	if err := s.Put(t.Context(), key, []byte("data")); err != nil {
		t.Fatal(err)
	}
	wants("not empty", 1, false)
	wants("still not empty", 0, false)
	if _, err := s.Open(t.Context(), "k3missing"); !errors.Is(err, blob.ErrNotFound) {
		t.Fatal(err)
	}
	wants("after a missing object", 1, false)
	proxy.Fail(testkit.Cut)
	if err := s.Delete(t.Context(), key); err == nil {
		t.Fatal("deleted")
	}
	proxy.Fail(testkit.None)
	wants("after a failure", 1, false)
}

// If the server says that the bucket is missing, the operator must correct that. It is not reported
// as missing pictures.
func TestMissingBucket(t *testing.T) {
	t.Parallel()
	bucket, _, s := behindProxy(t)
	bucket.Remove(t)
	ignore := func(_ any, err error) error { return err }
	for what, err := range map[string]error{
		"put": s.Put(t.Context(), key, nil), "open": ignore(s.Open(t.Context(), key)), "time": ignore(s.ModTime(t.Context(), key)),
		"delete": s.Delete(t.Context(), key), "list": s.List(t.Context(), func(blob.Item) error { return nil }),
		"isEmpty": ignore(s.IsEmpty(t.Context())), "check": s.Check(t.Context()),
	} {
		if !errors.Is(err, s3.ErrSetup) || errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A list longer than the 1,000 names of an answer is whole, whatever number that makes the last page.
func TestLongLists(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1000, 2001} {
		bucket := testkit.New(t)
		var want []string
		for i := range n {
			k := fmt.Sprintf("k%03dkey%d", i%7, i)
			path := filepath.Join(bucket.Folder, k[:2], k)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil { // faster than puts
				t.Fatal(err)
			}
			want = append(want, k)
		}
		var got []string
		err := open(t, bucket.Storage()).List(t.Context(), func(i blob.Item) error { got = append(got, i.Key); return nil })
		slices.Sort(want)
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d of %d keys, %v", len(got), n, err)
		}
	}
}

// A bucket with only the object that a check left behind counts as empty. Any other object counts.
func TestIsEmpty(t *testing.T) {
	t.Parallel()
	bucket := testkit.New(t)
	s := open(t, strings.Replace(bucket.Storage(), "?", "/prefix?", 1))
	for _, c := range []struct {
		add  string
		want bool
	}{{"", true}, {"prefix-of-others/x", true}, {"prefix/check.tmp", true}, {"prefix/notes.txt", false}} {
		if c.add != "" {
			path := filepath.Join(bucket.Folder, c.add)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		if isEmpty, err := s.IsEmpty(t.Context()); err != nil || isEmpty != c.want {
			t.Errorf("with %s: %t, %v", c.add, isEmpty, err)
		}
	}
}

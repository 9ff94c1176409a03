package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/blob/s3"
	testkit "github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// Short time limits, in the proportions of the usual ones.
const (
	call  = 2 * time.Second
	stall = 500 * time.Millisecond
)

const key = "k3v9x2q7mzt4hw5e"

// behindProxy returns a bucket, a proxy in front of its server, and the store that uses it.
func behindProxy(t *testing.T) (testkit.Bucket, *testkit.Proxy, *s3.Bucket) {
	t.Helper()
	bucket := testkit.New(t)
	proxy := testkit.NewProxy(t, bucket.Endpoint)
	return bucket, proxy, open(t, bucket.At(proxy.URL))
}

func open(t *testing.T, address string) *s3.Bucket {
	t.Helper()
	at, err := s3.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s3.NewTimed(at, call, stall)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// random is data whose parts all differ.
func random(size int) []byte {
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data) // never fails
	return data
}

// wantWhole asserts that a blob reads as it was stored.
func wantWhole(t *testing.T, s blob.Store, want []byte) {
	t.Helper()
	b, err := s.Open(t.Context(), key)
	if err != nil {
		t.Error(err)
		return
	}
	defer b.Close() //nolint:errcheck // it was only read
	if got, err := io.ReadAll(b); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d of %d bytes, %v", len(got), len(want), err)
	}
}

// While a server fails, every call fails within its time limit, and none says that a picture is
// missing. Afterwards calls work again without a restart.
func TestFailingServer(t *testing.T) {
	for name, fault := range map[string]testkit.Fault{
		"stalls": testkit.Stall, "cuts": testkit.Cut, "is busy": testkit.Busy, "is full": testkit.Full,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, proxy, s := behindProxy(t)
			if err := s.Put(t.Context(), "k3there", []byte("data")); err != nil {
				t.Fatal(err)
			}
			proxy.Fail(fault)
			ignore := func(_ any, err error) error { return err }
			for what, f := range map[string]func() error{
				"put":     func() error { return s.Put(t.Context(), key, []byte("data")) },
				"open":    func() error { return ignore(s.Open(t.Context(), "k3there")) },
				"delete":  func() error { return s.Delete(t.Context(), "k3there") },
				"time":    func() error { return ignore(s.ModTime(t.Context(), "k3there")) },
				"list":    func() error { return s.List(t.Context(), func(blob.Item) error { return nil }) },
				"isEmpty": func() error { return ignore(s.IsEmpty(t.Context())) },
			} {
				before, requests := time.Now(), proxy.Requests()
				err := f()
				if took := time.Since(before); err == nil || errors.Is(err, blob.ErrNotFound) || errors.Is(err, s3.ErrSetup) || took > call+2*stall {
					t.Errorf("%s: %v after %v", what, err, took)
				}
				if n := proxy.Requests() - requests; n > 8 { // three attempts, and as many that net/http makes by itself
					t.Errorf("%s: %d requests", what, n)
				}
				if isFull := errors.Is(err, blob.ErrFull); isFull != (fault == testkit.Full) {
					t.Errorf("%s: %v", what, err)
				}
				if what == "put" && errors.Is(err, blob.ErrUncertain) == (fault == testkit.Full) {
					t.Errorf("%v", err)
				}
			}
			if err := s.Check(t.Context()); err == nil {
				t.Error("ready")
			}
			proxy.Fail(testkit.None)
			if err := errors.Join(s.Check(t.Context()), s.Put(t.Context(), key, []byte("data"))); err != nil {
				t.Error(err)
			}
			wantWhole(t, s, []byte("data"))
		})
	}
}

// A call ends with its context.
func TestCallsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	_, proxy, s := behindProxy(t)
	proxy.Fail(testkit.Stall)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	before := time.Now()
	if err := s.Put(ctx, key, nil); !errors.Is(err, context.DeadlineExceeded) || time.Since(before) > stall {
		t.Errorf("%v after %v", err, time.Since(before))
	}
}

// A single failure is hidden by another attempt. A put whose answer was lost turns out to be
// stored.
func TestOneFailureIsTriedAgain(t *testing.T) {
	for name, fault := range map[string]testkit.Fault{
		"stalls": testkit.Stall, "cuts": testkit.Cut, "is busy": testkit.Busy, "loses the answer": testkit.LoseAnswer, "cuts the upload": testkit.CutUpload,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, proxy, s := behindProxy(t)
			data := random(200_000)
			proxy.FailOnce(http.MethodPut, fault)
			if err := s.Put(t.Context(), key, data); err != nil {
				t.Fatal(err)
			}
			if fault == testkit.CutUpload {
				fault = testkit.Cut
			}
			proxy.FailOnce(http.MethodGet, fault)
			wantWhole(t, s, data)
			proxy.FailOnce(http.MethodDelete, fault)
			if err := s.Delete(t.Context(), key); err != nil {
				t.Error(err)
			}
		})
	}
}

// If a body ends early or stalls, reading continues from there.
func TestCutBodiesAreContinued(t *testing.T) {
	for name, fault := range map[string]testkit.Fault{"cut": testkit.CutBody, "stalled": testkit.StallBody} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, proxy, s := behindProxy(t)
			data := random(2 << 20)
			if err := s.Put(t.Context(), key, data); err != nil {
				t.Fatal(err)
			}
			for _, failing := range []int64{1, 2} { // the head, and the rest
				before := proxy.Requests()
				proxy.FailIf(func(*http.Request) testkit.Fault {
					if proxy.Requests()-before == failing {
						return fault
					}
					return testkit.None
				})
				wantWhole(t, s, data)
			}
			proxy.Fail(fault)
			if b, err := s.Open(t.Context(), key); err == nil || errors.Is(err, blob.ErrNotFound) {
				t.Errorf("%v, %v", b, err)
			}
		})
	}
}

// If a body breaks again and again, the read fails. The metrics show that, and the next check writes.
func TestBrokenReadsAreCounted(t *testing.T) {
	t.Parallel()
	_, proxy, s := behindProxy(t)
	if err := errors.Join(s.Put(t.Context(), key, random(1<<20)), s.Check(t.Context())); err != nil {
		t.Fatal(err)
	}
	b, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close() //nolint:errcheck // it was only read
	proxy.Fail(testkit.CutBody)
	if n, err := io.Copy(io.Discard, b); err == nil {
		t.Errorf("%d bytes", n)
	}
	const failures = `cardea_s3_calls_total{operation="read",result="unavailable"} 1`
	if found := metricsOf(t, s); !strings.Contains(found, failures) {
		t.Errorf("not %s:\n%s", failures, found)
	}
	proxy.Fail(testkit.None)
	before := proxy.Requests()
	if err := s.Check(t.Context()); err != nil || proxy.Requests()-before != 2 {
		t.Errorf("%d requests of the check, %v", proxy.Requests()-before, err)
	}
}

// metricsOf returns the metrics of a bucket in the text format of Prometheus.
func metricsOf(t *testing.T, s *s3.Bucket) string {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(s)
	answer := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	return answer.Body.String()
}

// An upload that is cut short is never acknowledged, and stores nothing.
func TestCutUploads(t *testing.T) {
	t.Parallel()
	bucket, proxy, s := behindProxy(t)
	proxy.FailIf(func(r *http.Request) testkit.Fault {
		if r.Method == http.MethodPut {
			return testkit.CutUpload
		}
		return testkit.None
	})
	if err := s.Put(t.Context(), key, random(1<<20)); !errors.Is(err, blob.ErrUncertain) {
		t.Errorf("%v", err)
	}
	proxy.Fail(testkit.None)
	if o, err := s.Open(t.Context(), key); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("%v, %v", o, err)
	}
	if _, err := os.Stat(filepath.Join(bucket.Folder, key[:2], key)); err == nil {
		t.Error("it was stored")
	}
}

package store

import (
	"testing"
	"testing/synctest"
	"time"
)

// All waits of a request count together, also those that run at the same time or in each other.
func TestWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := &Waits{Context: t.Context()}
		left := func(want time.Duration) {
			t.Helper()
			if got := Left(ctx); got != want {
				t.Errorf("%v left, want %v", got, want)
			}
		}
		left(8 * time.Second)
		transaction := measureWait(ctx)
		time.Sleep(2 * time.Second)
		statement := measureWait(ctx)
		time.Sleep(2 * time.Second)
		statement()
		left(4 * time.Second)
		transaction()
		time.Sleep(time.Minute) // it hashes, or receives a body
		left(4 * time.Second)
		again := measureWait(ctx)
		time.Sleep(time.Minute)
		again()
		left(time.Second)
		if got := Left(t.Context()); got != RequestPatience {
			t.Errorf("a background job has %v", got)
		}
	})
}

package account

import (
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// hold keeps all workers of a pool busy, with jobs of a weight, until the returned
// function is called.
func hold(t *testing.T, p *workers.Pool, jobs int, weight int64) (release func()) {
	t.Helper()
	begun, end := make(chan struct{}), make(chan struct{})
	for range jobs {
		go func() { _ = p.Do(t.Context(), workers.Job{Weight: weight}, func() { begun <- struct{}{}; <-end }) }()
		<-begun
	}
	release = sync.OnceFunc(func() { close(end) })
	t.Cleanup(release) // before the pool is closed, which waits for them
	return release
}

// wait waits until so many jobs wait in a pool.
func wait(t *testing.T, p *workers.Pool, jobs int) {
	t.Helper()
	for begun := time.Now(); p.Load().Waiting != jobs; runtime.Gosched() {
		if time.Since(begun) > 20*time.Second {
			t.Fatalf("%+v, want %d waiting", p.Load(), jobs)
		}
	}
}

// While strangers from everywhere guess at an account, its owner's own device, other
// accounts and other addresses do not wait behind all of them.
func TestGuessingMakesNobodyElseWait(t *testing.T) {
	b := newBench(t)
	b.opt.RateLimit = true
	b.opt.Argon2 = password.Params{Memory: 4096, Time: 10} // takes much longer than what follows it
	client := func(ip string) Client { return Client{IP: netip.MustParseAddr(ip)} }
	_, in, err := b.Register(t.Context(), Registration{Name: "Ada", Email: "ada@example.com", Password: "simplepass"}, client("192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	release := hold(t, b.hashing, b.hashing.Load().Slots, 1)
	order := make(chan string, 100)
	come := func(who, email string, from Client) {
		go func() { _, _ = b.Login(t.Context(), email, "wrongpass", from); order <- who }()
		wait(t, b.hashing, b.hashing.Load().Waiting+1)
	}
	const strangers = 8
	for i := range strangers {
		come("stranger", "ada@example.com", client(fmt.Sprintf("198.51.100.%d", i)))
	}
	own := client("192.0.2.1")
	own.Device = in.Device
	come("own device", "ada@example.com", own)
	come("another account", "bob@example.com", client("203.0.113.1"))
	release()
	var ended []string
	for range strangers + 2 {
		ended = append(ended, <-order)
	}
	slots := b.hashing.Load().Slots
	for _, who := range []string{"own device", "another account"} {
		// The first stranger is before them, and with several workers, who began first may end last.
		if place := slices.Index(ended, who); place > 2+slots {
			t.Errorf("%s was number %d: %v", who, place+1, ended)
		}
	}
}

// A picture waits until there is memory to decode it, although a worker is free.
func TestPictureWaitsForMemory(t *testing.T) {
	b := newBench(t)
	user, _ := b.register(t, "ada@example.com")
	release := hold(t, b.decoding, 1, picture.DefaultMaxMemory-1)
	done := make(chan error)
	go func() {
		_, err := b.SetPicture(t.Context(), user.ID, upload("a.png", pictureOf(t, 5)), Client{})
		done <- err
	}()
	wait(t, b.decoding, 1)
	go func() { done <- b.decoding.Do(t.Context(), workers.Job{}, func() {}) }() // would fit, but does not overtake
	wait(t, b.decoding, 2)
	release()
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

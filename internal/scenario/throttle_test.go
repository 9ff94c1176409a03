package scenario

import (
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// throttled is a server with throttling on, as by default, behind a proxy, so
// that a test can come from any address.
func throttled(c *cardea.Config) {
	c.RateLimit = "on"
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
}

// from returns a client at an address.
func from(t *testing.T, server *testkit.Server, address string) *testkit.Client {
	c := server.NewClient(t)
	c.Header.Set("X-Forwarded-For", address)
	return c
}

func wantThrottled(t *testing.T, a *testkit.Answer) time.Duration {
	t.Helper()
	seconds, err := strconv.Atoi(a.WantError(http.StatusTooManyRequests, "too_many_tries").Header.Get("Retry-After"))
	if err != nil || seconds < 1 || seconds > 15*60 {
		t.Fatalf("Retry-After %q", a.Header.Get("Retry-After"))
	}
	return time.Duration(seconds) * time.Second
}

// Ten wrong passwords in ten minutes for one account, in whatever spelling, by
// whichever route and from wherever; then the right one is not looked at either.
func TestGuessingAtOneAccount(t *testing.T) {
	server := testkit.Start(t, throttled)
	owner := from(t, server, "192.0.2.1")
	owner.Post("/api/register", testkit.Person("Ada", "rénée@example.com", "simplepass")).Want(http.StatusCreated)
	spellings := []string{"rénée@example.com", "RÉNÉE@example.com", " re\u0301ne\u0301e@EXAMPLE.com", "Rénée@Example.COM "}
	routes := []string{"/api/login", "/login"}
	for i := range 10 {
		stranger := from(t, server, fmt.Sprintf("198.51.100.%d", i))
		stranger.Post(routes[i%2], testkit.Credentials(spellings[i%4], "wrongpass")).WantError(401, "invalid_credentials")
	}
	stranger := from(t, server, "203.0.113.9")
	for _, route := range routes {
		for _, email := range spellings {
			wantThrottled(t, stranger.Post(route, testkit.Credentials(email, "simplepass")))
		}
	}
	// Other accounts, and the owner who is signed in, do not notice.
	stranger.Post("/api/login", testkit.Credentials("other@example.com", "wrongpass")).Want(401)
	owner.Get("/api/user").Want(200)
	owner.Post("/api/password", change("simplepass", "another one")).Want(200)
}

// An address nobody has is throttled just as one that somebody has: there is
// nothing to learn from it.
func TestGuessingAtNoAccount(t *testing.T) {
	server := testkit.Start(t, throttled)
	client := from(t, server, "192.0.2.1")
	for range 10 {
		client.Post("/api/login", testkit.Credentials("nobody@example.com", "wrongpass")).Want(401)
	}
	wantThrottled(t, client.Post("/api/login", testkit.Credentials("nobody@example.com", "wrongpass")))
}

// The wait grows while guessing goes on, to fifteen minutes at most, and ends.
func TestTheWaitGrows(t *testing.T) {
	server := testkit.Start(t, throttled)
	from(t, server, "192.0.2.1").Post("/api/register", testkit.Person("Ada", "ada@example.com", "simplepass")).Want(201)
	stranger := from(t, server, "198.51.100.1")
	guess := func() *testkit.Answer {
		return stranger.Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass"))
	}
	for range 10 {
		guess().Want(401)
	}
	wait := wantThrottled(t, guess())
	if wait != 10*time.Minute {
		t.Errorf("the first wait is %v", wait)
	}
	server.Clock.Advance(wait - time.Second)
	wantThrottled(t, guess()) // tries that are refused do not make it longer
	server.Clock.Advance(time.Second)
	var waits []time.Duration
	for range 4 {
		guess().Want(401)
		wait = wantThrottled(t, guess())
		waits = append(waits, wait)
		server.Clock.Advance(wait)
	}
	if fmt.Sprint(waits) != "[2m0s 4m0s 8m0s 15m0s]" {
		t.Errorf("waits %v", waits)
	}
	stranger.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).Want(200)
	guess().Want(401) // a right password has cleared the account's tries
}

// A device that has signed in to the account before is not locked out by
// strangers, not even those at the same address; it has tries of its own.
func TestKnownDevice(t *testing.T) {
	server := testkit.Start(t, throttled)
	phone := from(t, server, "192.0.2.1")
	device := ""
	for _, c := range phone.Post("/api/register", testkit.Person("Ada", "ada@example.com", "simplepass")).Want(201).Cookies {
		if c.Name == "session-device" {
			device = c.Value
			if !c.HttpOnly || c.Path != "/" || c.SameSite != http.SameSiteLaxMode || c.MaxAge < 86400 {
				t.Errorf("the device's cookie: %v", c)
			}
		}
	}
	known := func(address, device string) *testkit.Client {
		c := from(t, server, address)
		c.Header.Set("Cookie", "session-device="+device)
		return c
	}
	stranger := from(t, server, "192.0.2.1")
	for range 10 {
		stranger.Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass")).Want(401)
	}
	wantThrottled(t, stranger.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")))
	known("192.0.2.1", device).Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).Want(200)

	// One that was tampered with, or belongs to another account, is nobody's.
	for _, forged := range []string{device + "x", "x" + device, "", ".", "..", device[:len(device)-1]} {
		wantThrottled(t, known("192.0.2.1", forged).Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")))
	}
	from(t, server, "192.0.2.2").Post("/api/register", testkit.Person("Eve", "eve@example.com", "simplepass")).Want(201)
	for range 10 {
		stranger.Post("/api/login", testkit.Credentials("eve@example.com", "wrongpass")).Want(401)
	}
	wantThrottled(t, known("192.0.2.1", device).Post("/api/login", testkit.Credentials("eve@example.com", "simplepass")))

	// A device that was stolen has ten tries, too.
	for range 10 {
		known("192.0.2.3", device).Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass")).Want(401)
	}
	wantThrottled(t, known("192.0.2.4", device).Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")))
}

// After a change of password, devices that knew the old one are strangers', and
// the device on which it was changed is known.
func TestChangeOfPasswordMakesDevicesStrange(t *testing.T) {
	server := testkit.Start(t, throttled)
	device := func(a *testkit.Answer) string {
		for _, c := range a.Cookies {
			if c.Name == "session-device" {
				return c.Value
			}
		}
		t.Fatalf("no device in %v", a.Header["Set-Cookie"])
		return ""
	}
	owner := from(t, server, "192.0.2.1")
	owner.Post("/api/register", testkit.Person("Ada", "ada@example.com", "simplepass")).Want(201)
	old := device(from(t, server, "192.0.2.9").Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).Want(200))
	fresh := device(owner.Post("/api/password", change("simplepass", "another one")).Want(200))
	for range 10 {
		from(t, server, "192.0.2.9").Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass")).Want(401)
	}
	with := func(device string) *testkit.Client {
		c := from(t, server, "192.0.2.10")
		c.Header.Set("Cookie", "session-device="+device)
		return c
	}
	wantThrottled(t, with(old).Post("/api/login", testkit.Credentials("ada@example.com", "another one")))
	with(fresh).Post("/api/login", testkit.Credentials("ada@example.com", "another one")).Want(200)
}

// A hundred wrong passwords in ten minutes from one address, at whichever
// accounts. An IPv6 network of 64 bits is one address, however it is written.
func TestGuessingFromOneAddress(t *testing.T) {
	for _, c := range []struct{ one, same, other string }{
		{"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"},
		{"2001:db8::1", "2001:0DB8:0:0:ffff::2", "2001:db8:0:1::1"},
	} {
		server := testkit.Start(t, throttled)
		client := from(t, server, c.one)
		for i := range 100 {
			client.Post("/api/login", testkit.Credentials(fmt.Sprintf("nobody%d@example.com", i), "wrongpass")).Want(401)
		}
		wantThrottled(t, client.Post("/api/login", testkit.Credentials("somebody@example.com", "simplepass")))
		wantThrottled(t, from(t, server, c.same).Post("/login", testkit.Credentials("somebody@example.com", "simplepass")))
		from(t, server, c.other).Post("/api/login", testkit.Credentials("somebody@example.com", "simplepass")).Want(401)
		server.Clock.Advance(15 * time.Minute)
		client.Post("/api/login", testkit.Credentials("somebody@example.com", "simplepass")).Want(401)
	}
}

// Twenty registrations an hour from one address. Mistakes in the form are free.
func TestManyRegistrations(t *testing.T) {
	server := testkit.Start(t, throttled)
	client := from(t, server, "192.0.2.1")
	for i := range 20 {
		client.Post("/api/register", testkit.Person("Ada", "not an address", "simplepass")).Want(400)
		client.Post("/api/register", testkit.Person("Ada", fmt.Sprintf("ada%d@example.com", i), "simplepass")).Want(201)
	}
	wantThrottled(t, client.Post("/api/register", testkit.Person("Ada", "ada20@example.com", "simplepass")))
	from(t, server, "192.0.2.2").Post("/api/register", testkit.Person("Ada", "ada20@example.com", "simplepass")).Want(201)
	client.Post("/api/login", testkit.Credentials("ada1@example.com", "simplepass")).Want(200)
	server.Clock.Advance(time.Hour)
	client.Post("/api/register", testkit.Person("Ada", "ada21@example.com", "simplepass")).Want(201)
}

// Guesses that come all at once are no more than guesses that follow each other.
func TestHundredGuessesAtOnce(t *testing.T) {
	server := testkit.Start(t, throttled)
	from(t, server, "192.0.2.1").Post("/api/register", testkit.Person("Ada", "ada@example.com", "simplepass")).Want(201)
	var mu sync.Mutex
	statuses := map[int]int{}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			a := from(t, server, fmt.Sprintf("198.51.100.%d", i)).
				Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass"))
			mu.Lock()
			defer mu.Unlock()
			statuses[a.Status]++
		})
	}
	wg.Wait()
	if statuses[401] != 10 || statuses[429] != 90 {
		t.Errorf("statuses %v, want ten times 401", statuses)
	}
}

// When the clock is set back, nobody is locked out until it has caught up, and
// whoever guesses gets no tries anew: those of before count as if made now.
func TestThrottlingWhenTheClockIsSetBack(t *testing.T) {
	for _, step := range []time.Duration{time.Second, 5 * time.Minute, time.Hour, 24 * time.Hour} {
		server := testkit.Start(t, throttled)
		from(t, server, "192.0.2.1").Post("/api/register", testkit.Person("Ada", "ada@example.com", "simplepass")).Want(201)
		stranger := from(t, server, "198.51.100.1")
		guess := func() *testkit.Answer {
			return stranger.Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass"))
		}
		for range 10 {
			guess().Want(401)
		}
		server.Clock.Advance(-step)
		wait := wantThrottled(t, guess())
		if wait != 10*time.Minute {
			t.Errorf("%v back: the wait is %v, want as much as if the tries had just been made", step, wait)
		}
		server.Clock.Advance(wait - time.Second)
		wantThrottled(t, guess())
		server.Clock.Advance(time.Second)
		guess().Want(401) // one more, as ever
		if wait := wantThrottled(t, guess()); wait != 2*time.Minute {
			t.Errorf("%v back: then the wait is %v", step, wait)
		}
	}
}

// A clock that went ahead for a while leaves nobody locked out when it is right again.
func TestThrottlingWhenTheClockWasAhead(t *testing.T) {
	server := testkit.Start(t, throttled)
	server.Clock.Advance(24 * time.Hour)
	from(t, server, "192.0.2.1").Post("/api/register", testkit.Person("Ada", "ada@example.com", "simplepass")).Want(201)
	stranger := from(t, server, "198.51.100.1")
	for range 10 {
		stranger.Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass")).Want(401)
	}
	server.Clock.Advance(-24 * time.Hour)
	server.Clock.Advance(wantThrottled(t, stranger.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass"))))
	stranger.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).Want(200)
}

// An attacker gains nothing by waiting for a restart.
func TestTriesSurviveARestart(t *testing.T) {
	server := testkit.Start(t, throttled)
	from(t, server, "192.0.2.1").Post("/api/register", testkit.Person("Ada", "ada@example.com", "simplepass")).Want(201)
	for range 10 {
		from(t, server, "198.51.100.1").Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass")).Want(401)
	}
	server.Stop()
	server = testkit.Start(t, throttled, func(c *cardea.Config) { c.Data = server.Data })
	wantThrottled(t, from(t, server, "198.51.100.1").Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")))
}

// A person who is signed in has ten tries at the current password, apart from
// those of strangers at login.
func TestGuessingAtTheCurrentPassword(t *testing.T) {
	server := testkit.Start(t, throttled)
	client := from(t, server, "192.0.2.1")
	client.Post("/api/register", testkit.Person("Ada", "ada@example.com", "simplepass")).Want(201)
	for range 10 {
		client.Post("/api/password", change("wrongpass", "another one")).WantError(403, "wrong_password")
	}
	wantThrottled(t, client.Post("/api/password", change("simplepass", "another one")))
	from(t, server, "192.0.2.2").Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).Want(200)
	server.Clock.Advance(15 * time.Minute)
	client.Post("/api/password", change("simplepass", "another one")).Want(200)
}

// Signing in with the right password, however often, is no guessing.
func TestManyRightPasswords(t *testing.T) {
	server := testkit.Start(t, throttled)
	from(t, server, "192.0.2.1").Post("/api/register", testkit.Person("Ada", "ada@example.com", "simplepass")).Want(201)
	client := from(t, server, "198.51.100.1")
	for range 120 {
		client.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).Want(200)
	}
}

func TestThrottlingCanBeOff(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) { c.RateLimit = "off" })
	for range 30 {
		server.NewClient(t).Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass")).Want(401)
	}
}

// Who suspects the key of device cookies removes it: a new one is made, devices
// are strangers once more, and nobody is signed out.
func TestDeviceKeyIsReplaced(t *testing.T) {
	server := testkit.Start(t, throttled)
	client := from(t, server, "192.0.2.1")
	var device string
	for _, c := range client.Post("/api/register", testkit.Person("Ada", "ada@example.com", "simplepass")).Want(201).Cookies {
		if c.Name == "session-device" {
			device = c.Value
		}
	}
	server.Stop()
	key := filepath.Join(server.Data, "device.key")
	old, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	server = testkit.Start(t, throttled, func(c *cardea.Config) { c.Data = server.Data })
	if now, err := os.ReadFile(key); err != nil || string(now) == string(old) {
		t.Errorf("the key is the old one (%v)", err)
	}
	again := from(t, server, "192.0.2.1")
	again.Cookie = client.Cookie
	again.Get("/api/user").Want(200)
	for range 10 {
		from(t, server, "198.51.100.1").Post("/api/login", testkit.Credentials("ada@example.com", "wrongpass")).Want(401)
	}
	unknown := from(t, server, "192.0.2.1")
	unknown.Header.Set("Cookie", "session-device="+device)
	wantThrottled(t, unknown.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")))
}

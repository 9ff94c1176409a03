package scenario

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// A user sees a change of their own with the next request. Other requests keep using the
// same session meanwhile, so the session cache is read at every moment of the change.
func TestChangesAreSeenByTheNextRequest(t *testing.T) {
	server := testkit.Start(t)
	ada := server.Register(t, "ada@example.com")
	stop := keepReading(t, server.Server, func() *http.Request { return readOf(ada.Cookie) })
	defer stop()
	name := func() string { return ada.User().Name }
	picture := func() *string { return ada.User().Picture }
	for i := range 30 {
		want := fmt.Sprintf("Ada %d", i)
		ada.Rename(want).Want(http.StatusOK)
		if got := name(); got != want {
			t.Fatalf("renamed to %q, but is still %q", want, got)
		}
	}
	for i := range 5 {
		ada.Upload(fmt.Sprintf("face%d.png", i), testkit.PNG(4, 4)).Want(http.StatusOK)
		if got := picture(); got == nil || *got != server.URL+"/uploads/"+ada.User().ID+fmt.Sprintf("_face%d.png", i) {
			t.Fatalf("picture %d is %v", i, got)
		}
		ada.Delete("/api/upload-picture").Want(http.StatusOK)
		if got := picture(); got != nil {
			t.Fatalf("the picture was removed, but is still %v", *got)
		}
	}
}

// The same holds for pictures, whose places in the storage are cached.
func TestChangesOfPicturesAreSeenByTheNextRequest(t *testing.T) {
	server := testkit.Start(t)
	ada := server.Register(t, "ada@example.com")
	addresses := []string{ada.Upload("a.png", testkit.PNG(4, 4)).PicturePath(), ada.Upload("b.png", testkit.PNG(5, 5)).PicturePath()}
	for _, address := range addresses {
		for _, size := range []string{"", "?size=64"} {
			stop := keepReading(t, server.Server, func() *http.Request {
				return httptest.NewRequestWithContext(context.Background(), "GET", address+size, nil)
			})
			defer stop()
		}
	}
	show := func(name string, side int, there, old string) {
		t.Helper()
		ada.Upload(name, testkit.PNG(side, side)).Want(http.StatusOK)
		for _, size := range []string{"", "?size=64"} {
			if got := ada.Get(there + size).Image().Bounds().Dx(); got != side {
				t.Errorf("uploaded %d pixels, got %d", side, got)
			}
			ada.Get(old + size).Want(http.StatusFound)
		}
	}
	for i := range 3 {
		show("a.png", 10+i, addresses[0], addresses[1])
		show("a.png", 30+i, addresses[0], addresses[1])
		show("b.png", 10+i, addresses[1], addresses[0])
		ada.Delete("/api/upload-picture").Want(http.StatusOK)
		for _, address := range addresses {
			ada.Get(address).Want(http.StatusNotFound)
		}
	}
}

func TestEndedSessionsAreRefusedByTheNextRequest(t *testing.T) {
	server := testkit.Start(t)
	server.Register(t, "ada@example.com")
	for name, end := range map[string]func(c *testkit.Client){
		"logout": func(c *testkit.Client) { c.Post("/api/logout", map[string]string{}).Want(http.StatusOK) },
		"login": func(c *testkit.Client) {
			c.Login("ada@example.com")
		},
		"revocation": func(c *testkit.Client) {
			for _, s := range c.Get("/api/sessions").Want(http.StatusOK).Envelope().Sessions {
				if s.Current {
					c.Delete("/api/sessions/" + s.ID).Want(http.StatusOK)
				}
			}
		},
		"revocation from elsewhere": func(*testkit.Client) {
			elsewhere := server.Login(t, "ada@example.com")
			elsewhere.Delete("/api/sessions").Want(http.StatusOK)
		},
		"change of password": func(c *testkit.Client) {
			c.Post("/api/password", map[string]string{"current_password": "simplepass", "new_password": "simplepass"}).Want(http.StatusOK)
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 5 {
				ada := server.Login(t, "ada@example.com")
				before := ada.Cookie
				stop := keepReading(t, server.Server, func() *http.Request { return readOf(before) })
				end(ada)
				ada.Cookie = before
				ada.Get("/api/user").Want(http.StatusUnauthorized)
				stop()
			}
		})
	}
}

// keepReading sends the same request from two goroutines until stop is called.
func keepReading(t *testing.T, server http.Handler, request func() *http.Request) (stop func()) {
	t.Helper()
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					server.ServeHTTP(httptest.NewRecorder(), request())
					runtime.Gosched() // otherwise the test waits for a time slice at every step
				}
			}
		})
	}
	return sync.OnceFunc(func() { close(done); readers.Wait() })
}

func readOf(token string) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), "GET", "/api/user", nil)
	r.Header.Set("Cookie", "session="+token)
	return r
}

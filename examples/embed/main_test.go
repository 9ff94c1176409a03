package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
)

// start runs the app until the test ends or stop is called, and returns its address.
func start(t *testing.T, data string) (app string, stop func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	app = "http://" + address
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, address, cardea.Config{Data: data, PublicURL: app, Argon2Memory: 64, Argon2Time: 1})
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); ; <-tick.C {
		if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address); err == nil {
			_ = conn.Close()
			break
		}
		select {
		case err := <-ended:
			t.Fatal(err)
		default:
		}
		if time.Since(begun) > 30*time.Second {
			t.Fatal("the app does not listen")
		}
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return app, stop
}

// visitor is somebody with a browser.
type visitor struct {
	t *testing.T
	*http.Client
	app string
}

func newVisitor(t *testing.T, app string) *visitor {
	jar, _ := cookiejar.New(nil) // without options it does not fail
	v := &visitor{t, &http.Client{Jar: jar, Transport: &http.Transport{}}, app}
	t.Cleanup(v.CloseIdleConnections)
	return v
}

// send sends a form or, if it is empty, none, and follows redirects. The answer begins with
// the path that the browser is at in the end.
func (v *visitor) send(method, path, form string, headers ...string) (status int, answer string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.app+path, strings.NewReader(form))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := v.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return res.StatusCode, res.Request.URL.RequestURI() + " " + string(body)
}

func (v *visitor) wants(status int, beginning, method, path, form string, headers ...string) {
	v.t.Helper()
	if got, answer := v.send(method, path, form, headers...); got != status || !strings.HasPrefix(answer, beginning) {
		v.t.Errorf("%s %s: %d %s", method, path, got, answer)
	}
}

func TestJourney(t *testing.T) {
	data := t.TempDir()
	app, stop := start(t, data)
	ada := newVisitor(t, app)
	ada.wants(200, "/ Hello, stranger. ", "GET", "/", "")
	signIn := "/login?next=" + url.QueryEscape("/orders?page=2")
	ada.wants(200, signIn, "GET", "/orders?page=2", "")
	ada.wants(401, "/orders ", "GET", "/orders", "", "Accept", "*/*")
	ada.wants(200, "/orders?page=2 Orders of Ada &lt;3, whose id is ", "POST", "/register?next="+url.QueryEscape("/orders?page=2"),
		"name=Ada+%3C3&email=ada%40example.com&password=a+rather+long+one")
	ada.wants(200, "/ Hello, Ada &lt;3. ", "GET", "/", "")
	ada.wants(200, "/orders Orders of Ada ", "POST", "/orders", "", "Sec-Fetch-Site", "same-origin")
	ada.wants(403, "/orders ", "POST", "/orders", "", "Sec-Fetch-Site", "cross-site")
	ada.wants(200, "/logout", "POST", "/logout", "", "Content-Type", "application/x-www-form-urlencoded")
	ada.wants(200, "/login", "GET", "/orders", "")

	stop()
	app, _ = start(t, data) // the folder is free again, and has the account
	newVisitor(t, app).wants(200, "/orders Orders of Ada ", "POST", "/login?next=/orders", "email=ada%40example.com&password=a+rather+long+one")
}

// The pages that docs/pages.md lists are mounted, and all else that they and apps need.
func TestMounted(t *testing.T) {
	app, _ := start(t, t.TempDir())
	stranger := newVisitor(t, app)
	list, err := os.ReadFile("../../docs/pages.md")
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{"/api/user", "/uploads/x_y.png", "/avatars/x.png", "/users/x/avatar", "/static/x", "/account/profile"}
	for _, row := range regexp.MustCompile("(?m)^\\| `(/[^`]*)` ").FindAllStringSubmatch(string(list), -1) {
		paths = append(paths, row[1])
	}
	if len(paths) < 15 {
		t.Fatalf("docs/pages.md lists only %q", paths)
	}
	for _, path := range paths {
		if status, answer := stranger.send("GET", path, ""); status == http.StatusNotFound && strings.Contains(answer, "404 page not found") {
			t.Errorf("GET %s is not Cardea's", path)
		}
	}
	stranger.wants(404, "/nowhere 404 page not found", "GET", "/nowhere", "")
}

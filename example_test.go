package cardea_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
)

// members is a page for signed-in users only.
var members = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	user, _ := cardea.CurrentUser(r.Context())
	fmt.Fprintf(w, "Welcome back, %s!", user.Name)
})

// home is a page for all, which greets signed-in users.
var home = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if user, ok := cardea.CurrentUser(r.Context()); ok {
		fmt.Fprintf(w, "Hello, %s!", user.Name)
		return
	}
	fmt.Fprint(w, "Hello, stranger!")
})

// serveApp serves an app with its accounts until ctx ends.
func serveApp(ctx context.Context, data string, serve func(context.Context, http.Handler) error) error {
	accounts, err := cardea.New(cardea.Config{Data: data})
	if err != nil {
		return err
	}
	defer accounts.Close()

	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() { defer close(stopped); accounts.Run(ctx) }() // expires sessions, and more
	defer func() { cancel(); <-stopped }()                  // Run must return before Close

	// README: begin
	mux := http.NewServeMux()
	for _, path := range []string{
		"/api/", "/uploads/", "/avatars/", "/users/",
		"/register", "/login", "/logout", "/account", "/account/", // pages
		"/forgot", "/reset", "/verify", "/undo", "/static/", // pages that mails lead to
	} {
		mux.Handle(path, accounts)
	}
	mux.Handle("/members", accounts.RequireUser(members)) // 401 without a session
	mux.Handle("/", accounts.OptionalUser(home))
	return serve(ctx, mux)
	// README: end
}

func Example() {
	data, err := os.MkdirTemp("", "accounts")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(data)
	err = serveApp(context.Background(), data, func(_ context.Context, app http.Handler) error {
		server := httptest.NewServer(app)
		defer server.Close()
		browse(server.URL)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 401 {"status":"error","message":"Not logged in","code":"not_logged_in"}
	// 200 Hello, stranger!
	// 200 Welcome back, Ada!
	// 200 Hello, Ada!
}

// browse does what a browser would do.
func browse(url string) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	show := func(path string) {
		res, err := browser.Get(url + path)
		if err != nil {
			log.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		fmt.Println(res.StatusCode, string(body))
	}
	show("/members")
	show("/")
	res, err := browser.Post(url+"/api/register", "application/json",
		strings.NewReader(`{"name":"Ada","email":"ada@example.com","password":"a rather long one"}`))
	if err != nil {
		log.Fatal(err)
	}
	res.Body.Close()
	show("/members")
	show("/")
}

// The README shows exactly what [Example] runs.
func TestReadmeSnippet(t *testing.T) {
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, snippet, _ := strings.Cut(string(source), "\t// README: begin\n")
	snippet, _, found := strings.Cut(snippet, "\t// README: end\n")
	if !found {
		t.Fatal("example_test.go has no snippet")
	}
	want := "```go\n" + strings.TrimPrefix(strings.ReplaceAll(snippet, "\n\t", "\n"), "\t") + "```\n"
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), want) {
		t.Errorf("README.md does not have:\n%s", want)
	}
}

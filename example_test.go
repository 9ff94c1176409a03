package cardea_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/cardea-accounts/cardea"
)

// A program of your own serves accounts beside its own pages, some of which are
// for people who are signed in.
func Example() {
	data, err := os.MkdirTemp("", "accounts")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(data)
	accounts, err := cardea.New(cardea.Config{Data: data})
	if err != nil {
		log.Fatal(err)
	}
	defer accounts.Close()

	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() { defer close(stopped); accounts.Run(ctx) }()
	defer func() { stop(); <-stopped }()

	members := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := cardea.CurrentUser(r.Context())
		fmt.Fprintf(w, "Welcome back, %s!", user.Name)
	})
	mux := http.NewServeMux()
	mux.Handle("/api/", accounts)
	mux.Handle("/uploads/", accounts)
	mux.Handle("/avatars/", accounts)
	mux.Handle("/members", accounts.RequireUser(members))
	app := httptest.NewServer(mux)
	defer app.Close()

	// What a browser would do:
	jar, err := cookiejar.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	show := func(res *http.Response, err error) {
		if err != nil {
			log.Fatal(err)
		}
		defer res.Body.Close()
		body := make([]byte, 80)
		n, _ := res.Body.Read(body)
		fmt.Println(res.StatusCode, string(body[:n]))
	}
	show(browser.Get(app.URL + "/members"))
	res, err := browser.Post(app.URL+"/api/register", "application/json",
		strings.NewReader(`{"name":"Ada","email":"ada@example.com","password":"a rather long one"}`))
	if err != nil {
		log.Fatal(err)
	}
	res.Body.Close()
	show(browser.Get(app.URL + "/members"))

	// Output:
	// 401 {"status":"error","message":"Not logged in","code":"not_logged_in"}
	// 200 Welcome back, Ada!
}

// Command embed is an app that has Cardea among its own pages. docs/embed.md explains it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"html"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cardea-accounts/cardea"
)

func main() {
	listen := flag.String("listen", "localhost:8000", "address to listen on")
	data := flag.String("data", "accounts-data", "folder for the accounts")
	public := flag.String("public-url", "http://localhost:8000", "address that users see")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen, cardea.Config{Data: *data, PublicURL: *public}); err != nil {
		log.Fatal(err)
	}
}

// run serves the app until ctx ends.
func run(ctx context.Context, address string, config cardea.Config) (err error) {
	accounts, err := cardea.New(config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, accounts.Close()) }() // last, when nothing uses the data

	background, cancel := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() { defer close(stopped); accounts.Run(background) }() // sends mail, and more
	defer func() { cancel(); <-stopped }()

	server := &http.Server{
		Addr:           address,
		Handler:        routes(accounts),
		ReadTimeout:    10 * time.Second,
		WriteTimeout:   10 * time.Second,
		IdleTimeout:    2 * time.Minute,
		MaxHeaderBytes: 28 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	log.Printf("listening on http://%s", address)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	// Requests in flight may finish.
	ctx, cancelShutdown := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancelShutdown()
	return errors.Join(server.Shutdown(ctx), server.Close())
}

// routes has the app's own pages and, at their usual paths, Cardea's.
func routes(accounts *cardea.Server) http.Handler {
	mux := http.NewServeMux()
	for _, path := range []string{
		"/api/", "/uploads/", "/avatars/", "/users/", "/static/",
		"/register", "/login", "/logout", "/account", "/account/",
		"/forgot", "/reset", "/verify", "/undo",
		"/.well-known/change-password", "/.well-known/security.txt",
	} {
		mux.Handle(path, accounts)
	}
	mux.Handle("GET /{$}", accounts.OptionalUser(http.HandlerFunc(home)))
	mux.Handle("GET /orders", accounts.RequireUser(http.HandlerFunc(orders), "/login"))
	// Pages of other sites may not send this form.
	protection := http.NewCrossOriginProtection()
	mux.Handle("POST /orders", protection.Handler(accounts.RequireUser(http.HandlerFunc(order))))
	return mux
}

func home(w http.ResponseWriter, r *http.Request) {
	user, isSignedIn := cardea.CurrentUser(r.Context())
	if !isSignedIn {
		page(w, `Hello, stranger. <a href="/login?next=/orders">Sign in</a>`)
		return
	}
	page(w, `Hello, %s. <a href="/account">Account</a>`, user.Name)
}

func orders(w http.ResponseWriter, r *http.Request) {
	user, _ := cardea.CurrentUser(r.Context()) // RequireUser lets no others through
	page(w, `Orders of %s, whose id is %s. <form method="post"><button>Order`, user.Name, user.ID)
}

func order(w http.ResponseWriter, r *http.Request) {
	user, _ := cardea.CurrentUser(r.Context())
	log.Printf("%s orders", user.ID)
	http.Redirect(w, r, "/orders", http.StatusSeeOther)
}

// page sends a page, which depends on the user. It escapes the values.
func page(w http.ResponseWriter, text string, values ...string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	escaped := make([]any, len(values))
	for i, value := range values {
		escaped[i] = html.EscapeString(value)
	}
	fmt.Fprintf(w, text, escaped...)
}

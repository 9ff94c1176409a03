// Package pgaddress checks addresses of PostgreSQL servers, and says in one line why a connection
// failed. It connects to no server.
package pgaddress

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// CheckClear refuses an address in which a special character of the password may have ended it
// early. The rest of the password would be taken for the host, and be sent to the name server. The
// error quotes nothing of the address.
func CheckClear(address string) error {
	_, rest, _ := strings.Cut(address, "://")
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	who, _, hasUser := strings.Cut(authority, "@")
	isClear := strings.Count(rest, "@") == strings.Count(authority, "@") && strings.Count(authority, "@") <= 1 && !strings.ContainsAny(rest, "#\\ ")
	if isClear && hasUser {
		u, err := url.Parse("postgres://" + who + "@host/")
		isClear = err == nil && u.Host == "host"
	}
	if !isClear {
		return errors.New("the address of the database is not clear: encode special characters of the password as %XX, " +
			"such as %40 for @ and %2F for /, or leave the password out and use PGPASSFILE")
	}
	return nil
}

// plainCause returns a cause without the words that the driver adds.
func plainCause(cause string) string {
	for {
		short, _, _ := strings.Cut(cause, " (SQLSTATE ")
		for _, noise := range []string{"dial error: ", "server error: ", "hostname resolving error: ", "tls error: ", "connect: ", "FATAL: ", "ERROR: "} {
			short = strings.TrimPrefix(short, noise)
		}
		if strings.HasPrefix(short, "dial tcp ") || strings.HasPrefix(short, "dial unix ") {
			_, short, _ = strings.Cut(short, ": ")
		}
		if short == cause {
			return cause
		}
		cause = short
	}
}

// Problem says in one line why connecting failed. It names each address once, with its last cause.
// What a server said comes first.
func Problem(err error) string {
	_, text, isKnown := strings.Cut(err.Error(), "`:")
	if !isKnown {
		text = err.Error()
	}
	var order []string
	causes, isServer := map[string]string{}, map[string]bool{}
	for line := range strings.Lines(text) {
		address, cause := "", strings.TrimSpace(line)
		if before, after, ok := strings.Cut(cause, " ("); ok && !strings.Contains(before, " ") { // address (host): cause
			if _, said, ok := strings.Cut(after, "): "); ok {
				address, cause = before, said
			}
		}
		if cause == "" {
			continue
		}
		said := strings.HasPrefix(cause, "server error: ")
		cause = plainCause(cause)
		if isServer[address] && !said {
			continue
		}
		order = append(slices.DeleteFunc(order, func(other string) bool { return other == address }), address)
		causes[address], isServer[address] = cause, said
	}
	slices.Reverse(order)
	slices.SortStableFunc(order, func(a, b string) int {
		switch {
		case isServer[a] == isServer[b]:
			return 0
		case isServer[a]:
			return -1
		}
		return 1
	})
	var parts []string
	for _, address := range order {
		part := causes[address]
		if address != "" {
			part += " (" + address + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

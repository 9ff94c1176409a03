package web

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/openapi"
)

// The document has the routes of the table and no others, and the same ones need a
// session.
func TestRoutesAreDocumented(t *testing.T) {
	var routes, documented []string
	for _, r := range (&Server{hasPages: true, hasDocs: true}).table() {
		isPage := r.fail != nil && r.method+r.pattern != "POST/login"
		if !isPage && r.pattern != "/static/{file}" && !strings.HasPrefix(r.pattern, "/dev/") { // for pages and developers
			routes = append(routes, line(r.method, strings.TrimSuffix(r.pattern, "{$}"), r.refusal != nil))
		}
		if r.refusal != nil && !errors.Is(r.refusal, guard.ErrNotLoggedIn) {
			t.Errorf("%s refuses with %v", r.pattern, r.refusal)
		}
	}
	for _, path := range openapi.Load().Paths {
		for _, method := range path.Value {
			documented = append(documented, line(method.Value.Method, path.Name, method.Value.NeedsSession()))
		}
	}
	for _, route := range routes {
		if !slices.Contains(documented, route) {
			t.Errorf("openapi.json does not have %s", route)
		}
	}
	for _, route := range documented {
		if !slices.Contains(routes, route) {
			t.Errorf("openapi.json has %s, which is not a route", route)
		}
	}
}

func line(method, path string, session bool) string {
	if session {
		return method + " " + path + " with a session"
	}
	return method + " " + path
}

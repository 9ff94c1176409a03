package web

import (
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/openapi"
)

// The routes are those of the document, and the other way round.
func TestRoutesAreDocumented(t *testing.T) {
	var routes, documented []string
	for _, r := range (&Server{}).table() {
		if r.pattern != "/static/{file}" { // for the pages; no part of the contract
			routes = append(routes, r.method+" "+strings.TrimSuffix(r.pattern, "{$}"))
		}
	}
	for _, path := range openapi.Load().Paths {
		for _, method := range path.Value {
			documented = append(documented, method.Value.Method+" "+path.Name)
		}
	}
	for _, route := range routes {
		if !slices.Contains(documented, route) {
			t.Errorf("openapi.json has no %s", route)
		}
	}
	for _, route := range documented {
		if !slices.Contains(routes, route) {
			t.Errorf("openapi.json has %s, which is no route", route)
		}
	}
}

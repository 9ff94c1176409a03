package api

import (
	"github.com/cardea-accounts/cardea/internal/openapi"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// OpenAPI serves the contract for programs.
func (a *API) OpenAPI(r *wire.Request) error {
	r.Header().Set("Content-Type", "application/json; charset=utf-8")
	r.Revalidated(openapi.JSON())
	return nil
}

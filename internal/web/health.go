package web

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// healthz says that the process is up.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, succeeded(""))
	return nil
}

// readyz says whether database and storage can be used, or which cannot, and why.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) error {
	trouble := s.accounts.Ready(r.Context())
	if len(trouble) == 0 {
		writeJSON(w, http.StatusOK, succeeded(""))
		return nil
	}
	parts := slices.Sorted(maps.Keys(trouble))
	refused := &refusal{
		Status: http.StatusServiceUnavailable, Code: "not_ready", RetryAfter: 2 * time.Second,
		Message: "Not ready: " + strings.Join(parts, " and ") + " cannot be used at the moment.",
		Fields:  map[string]string{}, Err: trouble[parts[0]].Err,
	}
	for _, part := range parts {
		refused.Fields[part] = trouble[part].What + "; the log says more"
		if part != parts[0] {
			refused.Err = errors.Join(refused.Err, trouble[part].Err)
		}
	}
	return refused
}

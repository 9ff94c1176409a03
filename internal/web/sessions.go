package web

import (
	"net/http"

	"github.com/cardea-accounts/cardea/internal/account"
)

type sessionJSON struct {
	ID         string `json:"id"`
	CreatedAt  string `json:"created_at"`
	LastSeenAt string `json:"last_seen_at"`
	IP         string `json:"ip"`
	UserAgent  string `json:"user_agent"`
	Current    bool   `json:"current"`
}

func (s *Server) sessions(w http.ResponseWriter, r *http.Request) error {
	in, err := s.authenticate(w, r)
	if err != nil {
		return err
	}
	list, err := s.accounts.Sessions(r.Context(), in)
	if err != nil {
		return err
	}
	answer := struct {
		envelope
		Sessions []sessionJSON `json:"sessions"`
	}{succeeded(""), make([]sessionJSON, len(list))}
	for i, info := range list {
		answer.Sessions[i] = sessionOf(info)
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

func sessionOf(i account.SessionInfo) sessionJSON {
	return sessionJSON{i.ID, rfc3339(i.CreatedAt), rfc3339(i.LastSeenAt), i.IP, i.UserAgent, i.Current}
}

func (s *Server) endSession(w http.ResponseWriter, r *http.Request) error {
	in, err := s.authenticate(w, r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	if err := s.accounts.EndSession(r.Context(), in.User, id, s.client(w, r)); err != nil {
		return err
	}
	if id == in.ID {
		s.clearToken(w, r)
	}
	writeJSON(w, http.StatusOK, succeeded("Session ended"))
	return nil
}

func (s *Server) endOtherSessions(w http.ResponseWriter, r *http.Request) error {
	in, err := s.authenticate(w, r)
	if err != nil {
		return err
	}
	ended, err := s.accounts.EndOtherSessions(r.Context(), in, s.client(w, r))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		envelope
		Ended int64 `json:"ended"`
	}{succeeded("Your other sessions have ended"), ended})
	return nil
}

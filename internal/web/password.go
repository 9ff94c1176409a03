package web

import (
	"net/http"

	"github.com/cardea-accounts/cardea/internal/account"
)

type passwordRequest struct {
	Current string `json:"current_password"`
	New     string `json:"new_password"`
}

func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) error {
	in, err := s.authenticate(w, r)
	if err != nil {
		return err
	}
	var change passwordRequest
	if err := decode(r, &change); err != nil {
		return err
	}
	signIn, err := s.accounts.ChangePassword(r.Context(), in,
		account.Password(change.Current), account.Password(change.New), s.client(w, r))
	if err != nil {
		return err
	}
	s.setSignIn(w, r, signIn)
	writeJSON(w, http.StatusOK, succeeded("Password changed. Your other sessions have ended."))
	return nil
}

package web

import (
	"net/http"

	"github.com/cardea-accounts/cardea/internal/account"
)

type loginRequest struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) error {
	var in loginRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	signIn, err := s.accounts.Login(r.Context(), in.Email, account.Password(in.Password), s.client(w, r))
	if err != nil {
		return err
	}
	s.setSignIn(w, r, signIn)
	writeJSON(w, http.StatusOK, succeeded("Login successful!"))
	return nil
}

// logout answers the same with and without a session: afterwards there is none.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) error {
	if err := s.accounts.Logout(r.Context(), s.client(w, r)); err != nil {
		return err
	}
	s.clearToken(w, r)
	writeJSON(w, http.StatusOK, succeeded("Logged out"))
	return nil
}

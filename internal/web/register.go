package web

import (
	"net/http"

	"github.com/cardea-accounts/cardea/internal/account"
)

type registerRequest struct {
	Name     string `json:"name"`
	Email    string `json:"email"`
	Password string `json:"password"`
}

func (s *Server) register(w http.ResponseWriter, r *http.Request) error {
	var in registerRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	user, signIn, err := s.accounts.Register(r.Context(), account.Registration{
		Name: in.Name, Email: in.Email, Password: account.Password(in.Password),
	}, s.client(w, r))
	if err != nil {
		return err
	}
	noteUser(w, user.ID)
	s.setSignIn(w, r, signIn)
	writeJSON(w, http.StatusCreated, userAnswer{succeeded("Registration successful!"), s.userJSON(r, user)})
	return nil
}

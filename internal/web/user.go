package web

import (
	"net/http"

	"github.com/cardea-accounts/cardea/internal/account"
)

// Authenticate finds the live session of a request, or fails with
// account.ErrNotLoggedIn.
func (s *Server) Authenticate(r *http.Request) (account.Session, error) {
	return s.accounts.Authenticate(r.Context(), s.token(r))
}

// authenticate is Authenticate, noted for the log.
func (s *Server) authenticate(w http.ResponseWriter, r *http.Request) (account.Session, error) {
	in, err := s.Authenticate(r)
	if err == nil {
		noteUser(w, in.User.ID)
	}
	return in, err
}

// noteUser says in the log whose request this is.
func noteUser(w http.ResponseWriter, userID string) {
	if rec, ok := w.(*recorder); ok {
		rec.userID = userID
	}
}

// RequireUser lets only requests of signed-in people through to next, after
// attach has put the person into the request; others get the envelope's 401, or
// 503 in an outage.
func (s *Server) RequireUser(next http.Handler, attach func(*http.Request, account.User) *http.Request) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in, err := s.Authenticate(r)
		if err != nil {
			s.safety.setHeaders(w.Header(), s.isHTTPS(r), r.Header.Get("Origin"))
			s.fail(w, r, err)
			return
		}
		next.ServeHTTP(w, attach(r, in.User))
	})
}

func (s *Server) user(w http.ResponseWriter, r *http.Request) error {
	in, err := s.authenticate(w, r)
	if err != nil {
		return err
	}
	origin := s.origin(r)
	ready, _ := in.Memo.Load().(*readyUser)
	if ready == nil || ready.origin != origin {
		ready = &readyUser{origin, readyAnswer(userAnswer{succeeded(""), s.userJSON(r, in.User)})}
		in.Memo.Store(ready)
	}
	ready.write(w, http.StatusOK)
	return nil
}

// readyUser is the answer that says who is signed in, kept with the session.
type readyUser struct {
	origin origin // that its links are for
	readyJSON
}

type renameRequest struct {
	Name string `json:"name"`
}

func (s *Server) rename(w http.ResponseWriter, r *http.Request) error {
	in, err := s.authenticate(w, r)
	if err != nil {
		return err
	}
	var change renameRequest
	if err := decode(r, &change); err != nil {
		return err
	}
	user, err := s.accounts.Rename(r.Context(), in.User, change.Name, s.client(w, r))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, userAnswer{succeeded(""), s.userJSON(r, user)})
	return nil
}

package web

import (
	"errors"
	"strings"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// access is an action and who may call it.
type access struct {
	action  wire.Action
	asks    bool                       // whether to find out who is signed in
	refusal error                      // the answer if nobody is signed in; nil: the action runs anyway
	confirm wire.Action                // refuses sessions that are not recent; nil: they may call
	fail    func(*wire.Request, error) // answers with an error; nil: as JSON
	isFree  bool                       // answered whatever the caller has cost
}

// probe is for those who watch the server. They may come from the address of all users.
func probe(action wire.Action) access { return access{action: action, isFree: true} }

// public lets everybody call. The action does not learn who is signed in.
func public(action wire.Action) access { return access{action: action} }

// optional lets everybody call; the action finds the user in the request, if
// anybody is signed in.
func optional(action wire.Action) access { return access{action: action, asks: true} }

// signedIn lets only signed-in users call.
func signedIn(action wire.Action) access { return signedInOr(guard.ErrNotLoggedIn, action) }

// signedInOr is signedIn with another answer to requests without a session.
func signedInOr(refusal error, action wire.Action) access {
	return access{action: action, asks: true, refusal: refusal}
}

// recent lets only signed-in users call who gave their password in the last five minutes,
// or give it in the body of the request.
func recent(confirm, action wire.Action) access {
	to := signedIn(action)
	to.confirm = confirm
	return to
}

// failed answers with an error.
func (a access) failed(r *wire.Request, err error) {
	if a.fail == nil {
		r.Fail(err)
		return
	}
	a.fail(r, err)
}

// page makes an action of browsers answer with a page in case of an error too.
func (s *Server) page(a access) access {
	a.fail = func(r *wire.Request, err error) { s.pages.Fail(r, err) }
	return a
}

// nothing is the access to an action that has nothing to show. Browsers that ask for a page get
// one, except below /api/.
func (s *Server) nothing(action wire.Action) access {
	a := public(action)
	a.fail = func(r *wire.Request, err error) {
		if s.hasPages && r.PrefersHTML() && !strings.HasPrefix(r.HTTP.URL.Path, "/api/") {
			s.pages.Fail(r, err)
		} else {
			r.Fail(err)
		}
	}
	return a
}

// form makes an action of a form on the account page answer with that page in case of an
// error.
func (s *Server) form(a access) access {
	a.fail = func(r *wire.Request, err error) { s.pages.FailAccount(r, err) }
	return a
}

// byBody chooses between two actions: one for programs, and one for the form of a page.
func (s *Server) byBody(program, browser wire.Action) access {
	a := public(func(r *wire.Request) error {
		if r.IsFromPage() {
			return browser(r)
		}
		return program(r)
	})
	a.fail = func(r *wire.Request, err error) {
		if r.IsFromPage() {
			s.pages.Fail(r, err)
		} else {
			r.Fail(err)
		}
	}
	return a
}

// admit finds out who calls, and returns an error if they may not.
func (a access) admit(r *wire.Request) error {
	if a.asks {
		err := r.Authenticate()
		if errors.Is(err, guard.ErrNotLoggedIn) && a.refusal != nil {
			return a.refusal
		}
		if err != nil && !errors.Is(err, guard.ErrNotLoggedIn) {
			return err // of an outage
		}
	}
	if !a.isFree {
		if err := r.AdmitCost(); err != nil {
			return err
		}
	}
	if a.confirm == nil {
		return nil
	}
	return a.confirm(r)
}

// development lets callers on this machine call, if the server is started for development.
// To others the route does not exist. A Host header of another name means that a page
// elsewhere reaches for this machine (DNS rebinding).
func development(action wire.Action) access {
	return public(func(r *wire.Request) error {
		if !r.IsDevelopment() {
			return wire.ErrNoRoute
		}
		return action(r)
	})
}

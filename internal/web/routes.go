package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/cardea-accounts/cardea/internal/web/api"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// route is a line of the table: a method, a pattern of [http.ServeMux], who may call
// it, and what it does.
type route struct {
	method  string
	pattern string
	access
}

// table is everything that the public listener answers.
func (s *Server) table() []route {
	a, p := s.api, s.pages
	login, home := public(a.Login), a.Home
	if s.hasPages {
		login, home = s.byBody(a.Login, p.SubmitLogin), byAccept(a.Home, p.Home)
	}
	routes := []route{
		{"POST", "/api/register", public(a.Register)},
		{"POST", "/api/login", public(a.Login)},
		{"POST", "/login", login},
		{"POST", "/api/logout", public(a.Logout)},

		{"GET", "/api/user", signedIn(a.User)},
		{"GET", "/api/forward-auth", optional(a.ForwardAuth)},
		{"PATCH", "/api/user", signedIn(a.Change)},
		{"GET", "/{$}", optional(home)},
		{"POST", "/api/password", signedIn(a.ChangePassword)},
		{"POST", "/api/confirm", signedIn(a.Confirm)},

		{"POST", "/api/email/verification", optional(a.SendVerification)},
		{"POST", "/api/email/verify", optional(a.VerifyEmail)},
		{"POST", "/api/email", recent(a.RequireRecent, a.ChangeEmail)},
		{"DELETE", "/api/email", signedIn(a.CancelEmail)},
		{"POST", "/api/email/confirm", optional(a.ConfirmEmail)},
		{"POST", "/api/password/forgot", public(a.Forgot)},
		{"POST", "/api/password/reset", public(a.ResetPassword)},
		{"POST", "/api/undo", public(a.Undo)},
		{"POST", "/api/login/email", public(a.SendLogin)},
		{"POST", "/api/login/code", public(a.LoginByMail)},
		{"DELETE", "/api/user", recent(a.RequireRecent, a.DeleteUser)},
		{"GET", "/api/user/export", signedIn(a.Export)},

		{"GET", "/api/sessions", signedIn(a.Sessions)},
		{"DELETE", "/api/sessions", recent(a.RequireRecent, a.EndOtherSessions)},
		{"DELETE", "/api/sessions/{id}", signedIn(a.EndSession)},

		{"POST", "/api/upload-picture", signedInOr(api.ErrUnauthorized, a.UploadPicture)},
		{"POST", "/upload_profile_pic", signedInOr(api.ErrUnauthorized, a.UploadPicture)},
		{"DELETE", "/api/upload-picture", signedIn(a.RemovePicture)},
		{"GET", "/uploads/{address}", public(a.Picture)},
		{"GET", "/avatars/{file}", public(a.Avatar)},
		{"GET", "/users/{id}/avatar", public(a.UserAvatar)},

		{"GET", "/.well-known/security.txt", s.page(public(p.SecurityTxt))},

		{"GET", "/dev/mail", s.page(development(p.Mailbox))},
		{"GET", "/dev/mail/{id}", s.page(development(p.Mail))},
		{"GET", "/dev/mail/{id}/html", s.page(development(p.MailHTML))},
		{"GET", "/dev/mail.json", development(a.Mailbox)},

		{"GET", "/static/{file}", public(p.Static)}, // for the pages; not part of the contract
		{"GET", "/healthz", probe(a.Health)},
		{"GET", "/readyz", probe(a.Ready)},
	}
	if s.hasDocs {
		routes = append(routes, route{"GET", "/openapi.json", public(a.OpenAPI)}, route{"GET", "/docs", public(p.Docs)})
	}
	if s.hasPages {
		routes = append(routes, s.pageTable()...)
	}
	return routes
}

// pageTable has the pages that the setting pages turns off.
func (s *Server) pageTable() []route {
	a, p := s.api, s.pages
	routes := []route{
		{"GET", "/register", s.page(optional(p.Register))},
		{"POST", "/register", s.page(optional(p.SubmitRegister))},
		{"GET", "/login", s.page(optional(p.Login))},
		{"GET", "/logout", s.page(optional(p.Logout))},
		{"POST", "/logout", s.page(public(p.SubmitLogout))},
		{"GET", "/forgot", s.page(public(p.Forgot))},
		{"POST", "/forgot", s.page(public(p.SubmitForgot))},
		{"GET", "/reset", s.page(public(p.Reset))},
		{"POST", "/reset", s.page(public(p.SubmitReset))},
		{"GET", "/verify", s.page(optional(p.Verify))},
		{"POST", "/verify", s.page(optional(p.SubmitVerify))},
		{"GET", "/undo", s.page(public(p.Undo))},
		{"POST", "/undo", s.page(public(p.SubmitUndo))},

		{"GET", "/account", s.page(signedIn(p.Account))},
		{"GET", "/.well-known/change-password", s.page(public(p.ChangePassword))},
	}
	for name, to := range map[string]access{
		"profile":  signedIn(p.SubmitProfile),
		"picture":  signedIn(p.SubmitPicture),
		"email":    recent(p.ConfirmEmail, p.SubmitEmail),
		"password": signedIn(p.SubmitPassword),
		"sessions": recent(p.ConfirmOthers, p.SubmitSessions),
		"export":   signedIn(a.Export),
		"delete":   recent(p.RequirePassword, p.SubmitDelete),
	} {
		path := "/account/" + name
		routes = append(routes, route{"POST", path, s.form(to)}, route{"GET", path, s.page(public(p.ToAccount))})
	}
	return routes
}

// routes builds the mux. Other methods of a pattern answer 405, all other paths 404.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	allowed := map[string][]string{}
	if s.hasPages {
		for _, route := range s.pageTable() {
			s.isPage[route.pattern] = true
		}
	}
	for _, route := range s.table() {
		s.wire.Metrics().Expect(route.method, route.pattern)
		mux.HandleFunc(route.method+" "+route.pattern, s.handle(route.access))
		methods := append(allowed[route.pattern], route.method)
		if route.method == http.MethodGet {
			methods = append(methods, http.MethodHead) // ServeMux answers HEAD with GET's handler
		}
		allowed[route.pattern] = methods
	}
	for pattern, methods := range allowed {
		slices.Sort(methods)
		mux.HandleFunc(pattern, s.handle(s.nothing(wrongMethod(strings.Join(methods, ", ")))))
	}
	mux.HandleFunc("/", s.handle(s.nothing(s.noRoute)))
	return mux
}

// byAccept chooses between two actions: one for programs, and one for browsers that
// ask for a page.
func byAccept(program, browser wire.Action) wire.Action {
	return func(r *wire.Request) error {
		r.Header().Add("Vary", "Accept")
		if r.PrefersHTML() {
			return browser(r)
		}
		return program(r)
	}
}

func wrongMethod(allow string) wire.Action {
	return func(r *wire.Request) error {
		r.Header().Set("Allow", allow)
		return wire.ErrWrongMethod
	}
}

// noRoute answers at all other addresses. That of a page with a slash after it leads to the page.
func (s *Server) noRoute(r *wire.Request) error {
	page, hasSlash := strings.CutSuffix(r.HTTP.URL.Path, "/")
	if isSafe := r.HTTP.Method == http.MethodGet || r.HTTP.Method == http.MethodHead; !hasSlash || !isSafe || !s.isPage[page] {
		return wire.ErrNoRoute
	}
	r.WithoutSlash()
	return nil
}

// serverOptions answers OPTIONS * (RFC 9110 section 9.3.7).
func serverOptions(r *wire.Request) error {
	r.Header().Set("Allow", "DELETE, GET, HEAD, OPTIONS, PATCH, POST")
	r.WriteHeader(http.StatusNoContent)
	return nil
}

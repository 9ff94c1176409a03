package web

import (
	"net/http"
	"slices"
	"strings"
)

// route is a line of the table: a method, a pattern of [http.ServeMux] and what it does.
type route struct {
	method  string
	pattern string
	action  action
}

// table is everything that the public listener answers.
func (s *Server) table() []route {
	return []route{
		{"POST", "/api/register", s.register},
		{"POST", "/api/login", s.login},
		{"POST", "/login", s.login},
		{"POST", "/api/logout", s.logout},

		{"GET", "/api/user", s.user},
		{"PATCH", "/api/user", s.rename},
		{"GET", "/{$}", s.home},
		{"POST", "/api/password", s.changePassword},

		{"GET", "/api/sessions", s.sessions},
		{"DELETE", "/api/sessions", s.endOtherSessions},
		{"DELETE", "/api/sessions/{id}", s.endSession},

		{"POST", "/api/upload-picture", s.uploadPicture},
		{"POST", "/upload_profile_pic", s.uploadPicture},
		{"DELETE", "/api/upload-picture", s.removePicture},
		{"GET", "/uploads/{address}", s.servePicture},
		{"GET", "/avatars/{file}", s.avatar},

		{"GET", "/openapi.json", s.openAPI},
		{"GET", "/docs", s.docs},
		{"GET", "/static/{file}", s.static}, // for the pages; no part of the contract
		{"GET", "/healthz", s.healthz},
		{"GET", "/readyz", s.readyz},
	}
}

// routes builds the mux. A pattern that exists for other methods only answers
// 405, and everything else 404, both in the envelope.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	allowed := map[string][]string{}
	for _, route := range s.table() {
		mux.HandleFunc(route.method+" "+route.pattern, s.handle(route.action))
		methods := append(allowed[route.pattern], route.method)
		if route.method == http.MethodGet {
			methods = append(methods, http.MethodHead) // ServeMux answers HEAD with GET's handler
		}
		allowed[route.pattern] = methods
	}
	for pattern, methods := range allowed {
		slices.Sort(methods)
		mux.HandleFunc(pattern, s.handle(wrongMethod(strings.Join(methods, ", "))))
	}
	mux.HandleFunc("/", s.handle(noRoute))
	return mux
}

func wrongMethod(allow string) action {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Allow", allow)
		return errWrongMethod
	}
}

func noRoute(http.ResponseWriter, *http.Request) error { return errNoRoute }

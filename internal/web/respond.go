package web

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/cardea-accounts/cardea/internal/account"
)

// envelope is what every JSON answer is wrapped in; actions that return more
// embed it.
type envelope struct {
	Status  string            `json:"status"`
	Message string            `json:"message,omitzero"`
	Code    string            `json:"code,omitzero"`
	Errors  map[string]string `json:"errors,omitzero"`
}

func succeeded(message string) envelope { return envelope{Status: "success", Message: message} }

var jsonType = []string{"application/json; charset=utf-8"}

var jsonForm = json.JoinOptions(json.Deterministic(true), json.FormatNilMapAsNull(true))

// readyJSON is an answer that can be sent, as often as need be.
type readyJSON struct {
	body   []byte
	length []string // the header's value
}

func readyAnswer(body any) readyJSON {
	data, err := json.Marshal(body, jsonForm)
	if err != nil {
		panic(err) // an answer type that has no JSON form
	}
	return readyJSON{data, []string{strconv.Itoa(len(data))}}
}

// write sends the answer. An error in writing means that the client is gone.
func (a readyJSON) write(w http.ResponseWriter, status int) {
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Content-Length"] = a.length
	w.WriteHeader(status)
	_, _ = w.Write(a.body)
}

func writeJSON(w http.ResponseWriter, status int, body any) { readyAnswer(body).write(w, status) }

// userJSON is the user object of the contract.
type userJSON struct {
	ID             string            `json:"id"`
	Name           string            `json:"name"`
	Email          string            `json:"email"`
	EmailVerified  bool              `json:"email_verified"`
	ProfilePicURL  *string           `json:"profile_pic_url"`
	ProfilePicURLs map[string]string `json:"profile_pic_urls"` // square crops by side
	AvatarURL      string            `json:"avatar_url"`
	CreatedAt      string            `json:"created_at"`
}

type userAnswer struct {
	envelope
	User userJSON `json:"user"`
}

func (s *Server) userJSON(r *http.Request, u account.User) userJSON {
	out := userJSON{
		ID: u.ID, Name: u.Name, Email: u.Email, EmailVerified: u.EmailVerified,
		AvatarURL: s.AvatarURL(r, u), CreatedAt: rfc3339(u.CreatedAt),
	}
	if address := s.PictureURL(r, u); address != "" {
		out.ProfilePicURL = &address
		out.ProfilePicURLs = cropURLs(address, u.Picture.CropsVersion)
	}
	return out
}

// cropURLs are the addresses of the crops of the picture at an address, by side; nil
// if there are none of that version.
func cropURLs(address, version string) map[string]string {
	if version == "" {
		return nil
	}
	urls := map[string]string{}
	for _, side := range account.Sides {
		size := strconv.Itoa(side)
		urls[size] = address + "?size=" + size + "&v=" + version
	}
	return urls
}

// PictureURL is the absolute address of a person's picture; empty without one.
func (s *Server) PictureURL(r *http.Request, u account.User) string {
	if u.Picture == nil {
		return ""
	}
	return s.addressOf(r, *u.Picture)
}

func (s *Server) addressOf(r *http.Request, p account.Picture) string {
	return s.publicAddress(r) + "/" + picturePath(p)
}

func picturePath(p account.Picture) string { return "uploads/" + p.UserID + "_" + p.Name }

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// recorder remembers what was answered, for the log, and for fail to know
// whether an answer can still be given. It also sees to the pace at which the
// answer is taken, see pace.go.
type recorder struct {
	http.ResponseWriter
	start     time.Time
	status    int
	userID    string
	requestID string
	err       error
	written   pace
	body      *pacedBody // of the request; nil if it has none
}

// id is the request's, made when it is first asked for.
func (rec *recorder) id() string {
	if rec.requestID == "" {
		rec.requestID = strings.ToLower(rand.Text()[:16])
	}
	return rec.requestID
}

// Unwrap is for [http.ResponseController].
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

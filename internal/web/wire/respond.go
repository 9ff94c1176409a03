package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// Envelope wraps every JSON answer; answers with more members embed it.
type Envelope struct {
	Status  string            `json:"status"`
	Message string            `json:"message,omitzero"`
	Code    string            `json:"code,omitzero"`
	Errors  map[string]string `json:"errors,omitzero"`
}

// Success is the envelope of a request that succeeded; the message may be empty.
func Success(message string) Envelope { return Envelope{Status: "success", Message: message} }

var jsonType = []string{"application/json; charset=utf-8"}

var jsonForm = json.JoinOptions(json.Deterministic(true), json.FormatNilMapAsNull(true))

// Answer is a JSON body that can be sent any number of times.
type Answer struct {
	body   []byte
	length []string // of the header Content-Length
}

// NewAnswer encodes a body. It panics if the body's type has no JSON form.
func NewAnswer(body any) Answer {
	data, err := json.Marshal(body, jsonForm)
	if err != nil {
		panic(err)
	}
	return Answer{data, []string{strconv.Itoa(len(data))}}
}

// Send answers with an encoded body.
func (r *Request) Send(status int, a Answer) {
	h := r.Header()
	h["Content-Type"] = jsonType
	h["Content-Length"] = a.length
	r.WriteHeader(status)
	_, _ = r.Write(a.body) // an error means that the client is gone
}

// JSON encodes a body and answers with it.
func (r *Request) JSON(status int, body any) { r.Send(status, NewAnswer(body)) }

// Redirect answers with another path below the public address, and the same query. Pictures
// are public, so any page may follow it.
func (r *Request) Redirect(path string) {
	to := r.PublicAddress() + "/" + path
	if query := r.HTTP.URL.RawQuery; query != "" {
		to += "?" + query
	}
	r.AsPicture()
	r.CacheRevalidated()
	r.Header().Set("Location", to)
	r.WriteHeader(http.StatusFound)
}

// Revalidated answers with public data that clients ask for again only when it has
// changed (RFC 9110 section 13.1.2). The content type is set already.
func (r *Request) Revalidated(data []byte) {
	sum := sha256.Sum256(data)
	r.CacheRevalidated()
	r.Header().Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
	r.ServeContent("", time.Time{}, bytes.NewReader(data))
}

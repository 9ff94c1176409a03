package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/cardea-accounts/cardea/internal/network"
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

// largeAnswer is what counts as a large answer, in bytes: more than the kernel takes at once.
const largeAnswer = 16 << 10

// JSON encodes a body and answers with it, or with 503 if slow readers of large answers hold
// too much memory.
func (r *Request) JSON(status int, body any) {
	answer := NewAnswer(body)
	if n := int64(len(answer.body)); n > largeAnswer {
		networks := network.Of(r.IP())
		by := networks[len(networks)-1].String()
		if !r.wire.answers.take(by, n) {
			r.Fail(errAnswersBusy)
			return
		}
		defer r.wire.answers.giveBack(by, n)
	}
	r.Send(status, answer)
}

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

// RedirectBriefly redirects a request for a picture to an address elsewhere, which the client
// may keep for a while. Shared caches do not keep it.
func (r *Request) RedirectBriefly(address string, keep time.Duration) {
	r.AsPicture()
	r.Header().Set("Cache-Control", "private, max-age="+strconv.Itoa(int(keep.Seconds())))
	r.Header().Set("Location", address)
	r.WriteHeader(http.StatusFound)
}

// Revalidated answers with public data that clients ask for again only when it has
// changed (RFC 9110 section 13.1.2). The content type is set already. The data comes in
// parts, which are not copied, so any number of slow readers can share them.
func (r *Request) Revalidated(data ...[]byte) {
	hash := sha256.New()
	for _, part := range data {
		hash.Write(part)
	}
	r.CacheRevalidated()
	r.Header().Set("ETag", `"`+hex.EncodeToString(hash.Sum(nil)[:8])+`"`)
	r.ServeContent("", time.Time{}, newParts(data))
}

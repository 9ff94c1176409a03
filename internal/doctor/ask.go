package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/text"
)

// maxAnswer bounds how much of an answer is read, in bytes. Those of Cardea are smaller.
const maxAnswer = 64 << 10

// reply is what came back for a request.
type reply struct {
	status   int
	header   http.Header
	location string // where it leads, as a whole address; empty: nowhere
	cookies  []*http.Cookie
	data     []byte
	body     struct{ Status, Message, Code string } // empty if it is not Cardea's JSON
}

// isOurs reports whether the answer has the form of Cardea's.
func (r reply) isOurs() bool { return r.body.Status == "success" || r.body.Status == "error" }

// who names whoever answered, for people.
func (r reply) who() string {
	if server := text.Printable(r.header.Get("Server"), 60); server != "" {
		return server
	}
	return "the proxy"
}

// address is a path below the server's URL.
func (v *visit) address(path string) string {
	return strings.TrimSuffix(v.URL.String(), "/") + path
}

// ask sends a request without cookies, with headers in pairs.
func (v *visit) ask(ctx context.Context, method, path string, body []byte, headers ...string) (reply, error) {
	return v.send(ctx, method, v.address(path), bytes.NewReader(body), int64(len(body)), headers...)
}

func (v *visit) send(ctx context.Context, method, address string, body io.Reader, size int64, headers ...string) (reply, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return reply{}, err
	}
	r.ContentLength = size
	r.Header.Set("User-Agent", "cardea-doctor/"+cardea.Version)
	r.Header.Set("Accept", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := v.client.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	answer := reply{status: res.StatusCode, header: res.Header, cookies: res.Cookies()}
	if to, err := res.Location(); err == nil {
		answer.location = to.String()
	}
	v.noteCookies(r.URL, answer.cookies)
	answer.data, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return answer, err
	}
	_ = json.Unmarshal(answer.data, &answer.body) // other programs' answers have another form
	return answer, nil
}

// failed says that a request had no answer.
func (v *visit) failed(what string, err error) {
	v.wrong("let the proxy pass all paths of "+v.URL.Host+" to Cardea", "%s had no answer: %s", what, inWords(err))
}

// inWords is an error without the address, which the reader knows.
func inWords(err error) string {
	s := err.Error()
	if at := strings.Index(s, `": `); at >= 0 { // of *url.Error
		s = s[at+3:]
	}
	return text.Printable(s, 200)
}

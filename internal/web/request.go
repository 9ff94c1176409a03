package web

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxJSON bounds a JSON body, in bytes.
const maxJSON = 64 << 10

// decode reads the JSON object of a request into v, a pointer to a struct.
//
// It takes one object, whose names are compared exactly and stand once each, in
// valid UTF-8 (RFC 8259 sections 4 and 8.1); unknown names are ignored. Null is
// taken as if the name was missing.
func decode(r *http.Request, v any) error {
	if !isJSON(r) {
		return errNotJSON
	}
	if r.ContentLength > maxJSON {
		return errBodyTooLarge
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, maxJSON+1))
	if err != nil {
		return readError(err)
	}
	if len(data) > maxJSON {
		return errBodyTooLarge
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return malformed("The request body is empty; send one JSON object.", nil)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return jsonRefusal(err)
	}
	if jsontext.Value(data).Kind() != '{' {
		return malformed("The request body must be one JSON object.", nil)
	}
	return nil
}

// isJSON accepts application/json and its relatives such as application/problem+json,
// as long as they are not said to be in another encoding than UTF-8.
func isJSON(r *http.Request) bool {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || r.Header.Get("Content-Encoding") != "" {
		return false
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	return kind == "application/json" || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json")
}

// jsonRefusal says what is wrong with a body without repeating any of it.
func jsonRefusal(err error) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return malformed("A name stands twice in the JSON object.", err)
	}
	e, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return malformed("The request body is not valid JSON in UTF-8, or is nested too deeply.", err)
	}
	field := strings.TrimPrefix(string(e.JSONPointer), "/")
	if field == "" {
		return malformed("The request body must be one JSON object.", err)
	}
	refused := malformed("The JSON object has a value of the wrong type; see errors.", err)
	refused.Fields = map[string]string{field: "This must be a string."}
	return refused
}

// readError is the refusal for a body that could not be read to its end.
func readError(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return errTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return malformed("The request body ended too early.", err)
	default:
		return malformed("The request body cannot be read.", err)
	}
}

// A server that answers before it has read the whole body and then closes the
// connection can make the answer unreadable: the client, still sending, gets a
// reset. So what is left is read and dropped, up to this much and for paceTime.
const drainBytes = 64 << 20

// pacedBody is a request's body that has to arrive in time.
type pacedBody struct {
	io.ReadCloser
	connection     *http.ResponseController
	arrived        pace
	started, ended bool
	broken         bool // ended before its end
	expectContinue bool
}

// paceBody puts a pacedBody in the place of a request's body; nil if it has none.
func paceBody(w http.ResponseWriter, r *http.Request) *pacedBody {
	if r.ContentLength == 0 || r.ProtoMajor != 1 {
		return nil
	}
	b := &pacedBody{
		ReadCloser:     r.Body,
		connection:     http.NewResponseController(w),
		expectContinue: r.Header.Get("Expect") != "",
	}
	// Otherwise net/http reads on before it writes an early answer. Not every
	// ResponseWriter can do this and the deadlines below; where it cannot, there
	// is no connection of ours to care for.
	_ = b.connection.EnableFullDuplex()
	r.Body = b
	return b
}

func (b *pacedBody) Read(p []byte) (int, error) {
	until, _ := b.arrived.deadline()
	_ = b.connection.SetReadDeadline(until)
	if !b.started { // it may have to write "100 Continue", see expectContinue
		b.started = true
		_ = b.connection.SetWriteDeadline(until)
	}
	n, err := b.ReadCloser.Read(p)
	b.arrived.moved(int64(n))
	if err != nil && !b.ended {
		b.ended = true
		b.broken = err != io.EOF //nolint:errorlint // the body's proper end
		if !b.broken {
			_ = b.connection.SetReadDeadline(time.Time{}) // the answer takes its own time
		} // otherwise it stays, or net/http would read on, for as long as the client likes
	}
	return n, err
}

// unasked tells whether the client waits to be told to go on (Expect: 100-continue)
// and was not.
func (b *pacedBody) unasked() bool { return b != nil && b.expectContinue && !b.started }

// unending tells whether nobody knows where the body ends (RFC 9110 section 10.1.1
// for those unasked), so that the next request could not be told from it.
func (b *pacedBody) unending() bool { return b.unasked() || b != nil && b.broken }

// drain sends the answer off and drops what is left of the body. It tells whether
// the body ended: if not, what follows on the connection is no request. A client
// that was not told to go on sends nothing, and nothing is waited for.
func (b *pacedBody) drain() (ended bool) {
	switch {
	case b == nil || b.ended:
		return true // or it was answered that the connection closes, see WriteHeader
	case b.unasked():
		_ = b.connection.SetReadDeadline(time.Unix(1, 0))
		return true // likewise, see WriteHeader
	case b.connection.Flush() != nil:
		return true // not a connection of ours
	}
	b.arrived = pace{time.Now().Add(paceTime), drainBytes} // all of it, however it comes
	_, err := io.CopyN(io.Discard, b, drainBytes)
	return err == io.EOF //nolint:errorlint // the body's proper end
}

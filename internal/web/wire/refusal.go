package wire

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"

	"github.com/cardea-accounts/cardea/internal/guard"
)

// refusals are the errors of requests that net/http refuses by itself.
var refusals = map[int]*guard.Error{
	http.StatusExpectationFailed:           Malformed("The only expectation that can be met is Expect: 100-continue.", nil),
	http.StatusNotImplemented:              Malformed("The only transfer coding that is understood is chunked.", nil),
	http.StatusHTTPVersionNotSupported:     Malformed("The versions of HTTP that are understood are 1.0 and 1.1.", nil),
	http.StatusRequestHeaderFieldsTooLarge: {Code: "header_too_large", Message: "The header of the request is too large: at most 32 KiB."},
}

// Refusal returns a whole HTTP answer to a request that net/http refuses before any action
// sees it, with the envelope and the safety headers. It ends the connection.
func (wire *Wire) Refusal(status int) []byte {
	e := refusals[status]
	if e == nil {
		e = Malformed("The request is not well-formed HTTP.", nil)
	}
	body := NewAnswer(Envelope{Status: "error", Message: e.Message, Code: e.Code}).body
	header := http.Header{
		"Content-Type":   jsonType,
		"Content-Length": {strconv.Itoa(len(body))},
		"Connection":     {"close"},
	}
	setStrictHeaders(header)
	if public := wire.opt.PublicURL; public != nil && public.Scheme == "https" && wire.safety.hsts != nil {
		header["Strict-Transport-Security"] = wire.safety.hsts
	}
	var answer bytes.Buffer // it takes everything
	_, _ = fmt.Fprintf(&answer, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	_ = header.Write(&answer)
	_, _ = answer.WriteString("\r\n")
	_, _ = answer.Write(body)
	return answer.Bytes()
}

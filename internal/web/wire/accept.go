package wire

import (
	"strconv"
	"strings"
)

// maxAccept bounds how much of an Accept header is read, in bytes.
const maxAccept = 1 << 10

// PrefersHTML reports whether the client ranks text/html above JSON, as browsers do
// when they navigate (RFC 9110 section 12.5.1). Programs that accept anything get
// JSON.
func (r *Request) PrefersHTML() bool {
	var html, json float64
	accept := strings.Join(r.HTTP.Header.Values("Accept"), ",")
	for item := range strings.SplitSeq(accept[:min(len(accept), maxAccept)], ",") {
		kind, params, _ := strings.Cut(item, ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "text/html":
			html = max(html, quality(params))
		case "application/json", "*/*":
			json = max(json, quality(params))
		}
	}
	return html > json
}

// quality reads the weight from the parameters of an Accept item; 1 if there is none.
func quality(params string) float64 {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if q, err := strconv.ParseFloat(value, 64); strings.EqualFold(name, "q") && err == nil {
			return q
		}
	}
	return 1
}

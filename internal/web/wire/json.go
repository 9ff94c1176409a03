package wire

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cardea-accounts/cardea/internal/guard"
)

// maxJSON bounds a JSON body, in bytes.
const maxJSON = 64 << 10

var byteOrderMark = []byte("\ufeff")

// Decode reads the JSON object of a request into v, a pointer to a struct of
// strings. Names are compared exactly and must be unique, in valid UTF-8 (RFC 8259
// sections 4 and 8.1). Unknown names are ignored; null means that the name is
// missing. Errors: unsupported_media_type, body_too_large, malformed_request,
// request_timeout.
// It may be called again, because who may call can depend on the body.
func (r *Request) Decode(v any) error {
	data, err := r.readJSON()
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return Malformed("The request body is empty; send one JSON object.", nil)
	}
	if !hasFewValues(data) {
		return Malformed("The request body has too many values: at most 1,000.", nil)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return jsonError(err)
	}
	if jsontext.Value(data).Kind() != '{' {
		return Malformed("The request body must be one JSON object.", nil)
	}
	return nil
}

// readJSON reads the body once.
func (r *Request) readJSON() ([]byte, error) {
	if r.json != nil {
		return r.json, nil
	}
	if !isJSON(r.HTTP) {
		return nil, errNotJSON
	}
	if r.HTTP.ContentLength > maxJSON {
		return nil, errBodyTooLarge
	}
	data, err := io.ReadAll(io.LimitReader(r.HTTP.Body, maxJSON+1))
	if err != nil {
		return nil, ReadError(err)
	}
	if len(data) > maxJSON {
		return nil, errBodyTooLarge
	}
	r.json = bytes.TrimPrefix(data, byteOrderMark) // RFC 8259 section 8.1 lets parsers ignore it
	return r.json, nil
}

// maxValues bounds the values of a body. Names cost most: each is kept, because it must be
// unique.
const maxValues = 1000

// hasFewValues counts what begins or separates values outside of strings.
func hasFewValues(data []byte) bool {
	values, isString := 0, false
	for i := 0; i < len(data) && values <= maxValues; i++ {
		switch c := data[i]; {
		case c == '"':
			isString = !isString
		case isString && c == '\\':
			i++
		case !isString && (c == ',' || c == '{' || c == '['):
			values++
		}
	}
	return values <= maxValues
}

// maxContentType bounds a Content-Type, in bytes. RFC 6838 section 4.2 gives its names 127
// each, RFC 2046 section 5.1.1 a boundary 70.
const maxContentType = 512

// MediaType parses the Content-Type of a request.
func MediaType(r *http.Request) (kind string, params map[string]string, err error) {
	header := r.Header.Get("Content-Type")
	if len(header) > maxContentType {
		return "", nil, mime.ErrInvalidMediaParameter
	}
	return mime.ParseMediaType(header)
}

// isJSON accepts application/json and types such as application/problem+json, in UTF-8 or
// its part ASCII.
func isJSON(r *http.Request) bool {
	kind, params, err := MediaType(r)
	if err != nil || IsEncoded(r) {
		return false
	}
	switch strings.ToLower(params["charset"]) {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		return kind == "application/json" || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json")
	}
	return false
}

// IsEncoded reports whether a request's body is compressed, which no route takes. The
// coding identity means that it is not (RFC 9110 section 8.4.1).
func IsEncoded(r *http.Request) bool {
	for _, line := range r.Header.Values("Content-Encoding") {
		for coding := range strings.SplitSeq(line, ",") {
			if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
				return true
			}
		}
	}
	return false
}

// jsonError says what is wrong with a body without repeating any of it.
func jsonError(err error) *guard.Error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return Malformed("The JSON object has the same name twice.", err)
	}
	e, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return Malformed("The request body is not valid JSON in UTF-8, or is nested too deeply.", err)
	}
	field := strings.TrimPrefix(string(e.JSONPointer), "/")
	if field == "" {
		return Malformed("The request body must be one JSON object.", err)
	}
	refused := Malformed("The JSON object has a value of the wrong type; see errors.", err)
	refused.Fields = map[string]string{field: "This must be a string."}
	return refused
}

// ReadError is the public form of an error in reading a body.
func ReadError(err error) *guard.Error {
	var timeout net.Error
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return errTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Malformed("The request body ended too early.", err)
	default:
		return Malformed("The request body cannot be read.", err)
	}
}

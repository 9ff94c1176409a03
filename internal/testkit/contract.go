package testkit

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/cardea-accounts/cardea/internal/flask"
	"github.com/cardea-accounts/cardea/internal/openapi"
)

// Contract compares requests and answers with an OpenAPI 3.1 document. It reads only
// the parts of OpenAPI that Cardea's document uses.
type Contract struct {
	root any

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema // by their place in the document
}

// OurContract is the document that Cardea serves.
var OurContract = sync.OnceValue(func() *Contract {
	c, err := NewContract(openapi.JSON())
	if err != nil {
		panic(err)
	}
	return c
})

const contractURL = "file:///openapi.json"

// NewContract reads a document.
func NewContract(document []byte) (*Contract, error) {
	root, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource(contractURL, root); err != nil {
		return nil, err
	}
	return &Contract{root: root, compiler: compiler, schemas: map[string]*jsonschema.Schema{}}, nil
}

// Exchange is a request and its answer.
type Exchange struct {
	Request *http.Request
	Sent    []byte // the request's body
	Status  int
	Header  http.Header
	Body    []byte
}

// isNotFound reports whether the answer says that the path does not exist.
func (x *Exchange) isNotFound() bool {
	return x.Status == http.StatusNotFound && bytes.Contains(x.Body, []byte(`"code":"not_found"`))
}

// Check returns the differences between an exchange and the document. It checks only
// requests that were accepted, because tests send bad ones on purpose.
func (c *Contract) Check(x *Exchange) error {
	if x.Status == http.StatusNoContent && x.Header.Get("Access-Control-Allow-Methods") != "" {
		return nil // the answer to a preflight, which the Fetch standard describes
	}
	template, item := c.match(x.Request.URL)
	switch {
	case template == "" && strings.HasPrefix(x.Request.URL.Path, "/static/"):
		return nil // used by the pages, not part of the contract
	case template == "" || x.isNotFound() && !isClean(x.Request.URL.Path):
		return c.checkAnyCall(x, "NotFound")
	}
	method := strings.ToLower(x.Request.Method)
	if method == "head" {
		method = "get"
	}
	operation, ok := c.at(item, method)
	if !ok {
		return errors.Join(c.checkAnyCall(x, "MethodNotAllowed"), checkAllow(x, item))
	}
	err := c.checkResponses(x, operation)
	if x.Status < 300 {
		err = errors.Join(err, c.checkRequest(x, template, operation))
	}
	return err
}

func isClean(p string) bool { return path.Clean(p) == strings.TrimSuffix(p, "/") || p == "/" }

// match finds the path of the document for a URL; empty if there is none.
func (c *Contract) match(u *url.URL) (template string, item node) {
	paths, _ := c.at(node{c.root, ""}, "paths")
	segments := strings.Split(u.EscapedPath(), "/")
	for template := range paths.object() {
		if matches(strings.Split(template, "/"), segments) {
			item, _ := c.at(paths, template)
			return template, item
		}
	}
	return "", node{}
}

func matches(template, segments []string) bool {
	return slices.EqualFunc(template, segments, func(t, s string) bool {
		return t == s || strings.HasPrefix(t, "{") && s != ""
	})
}

// checkAnyCall checks an answer that does not depend on the operation: an unknown
// path or method, or a refusal before routing.
func (c *Contract) checkAnyCall(x *Exchange, none string) error {
	name, ok := map[int]string{
		http.StatusBadRequest:       "Malformed",
		http.StatusForbidden:        "CrossOrigin",
		http.StatusNotFound:         "NotFound",
		http.StatusMethodNotAllowed: "MethodNotAllowed",
	}[x.Status]
	if !ok || x.Status >= http.StatusNotFound && name != none {
		return fmt.Errorf("status %d from an operation that is not in the document", x.Status)
	}
	response, _ := c.at(node{c.root, ""}, "components", "responses", name)
	return c.checkResponse(x, response)
}

// checkAllow compares the header Allow with the methods of a path.
func checkAllow(x *Exchange, item node) error {
	if x.Status != http.StatusMethodNotAllowed {
		return nil
	}
	var methods []string
	for method := range item.object() {
		methods = append(methods, strings.ToUpper(method))
		if method == "get" {
			methods = append(methods, http.MethodHead)
		}
	}
	slices.Sort(methods)
	if got, want := x.Header.Get("Allow"), strings.Join(methods, ", "); got != want {
		return fmt.Errorf("the header Allow is %q, but the document has %q", got, want)
	}
	return nil
}

func (c *Contract) checkResponses(x *Exchange, operation node) error {
	response, ok := c.at(operation, "responses", strconv.Itoa(x.Status))
	if !ok {
		return fmt.Errorf("status %d is not documented", x.Status)
	}
	return c.checkResponse(x, response)
}

func (c *Contract) checkResponse(x *Exchange, response node) error {
	err := c.checkHeaders(x, response)
	content, ok := c.at(response, "content")
	switch {
	case x.Request.Method == http.MethodHead, x.Status == http.StatusPartialContent: // a part is not of the type
		return err
	case !ok && len(x.Body) > 0:
		return errors.Join(err, fmt.Errorf("status %d is documented without a body", x.Status))
	case !ok:
		return err
	}
	return errors.Join(err, c.checkContent("answer", content, x.Header.Get("Content-Type"), x.Body))
}

func (c *Contract) checkHeaders(x *Exchange, response node) (err error) {
	headers, _ := c.at(response, "headers")
	documented := map[string]bool{}
	for name := range headers.object() {
		documented[http.CanonicalHeaderKey(name)] = true
		header, _ := c.at(headers, name)
		values := x.Header.Values(name)
		if required, _ := c.at(header, "required"); required.value == true && len(values) == 0 {
			err = errors.Join(err, fmt.Errorf("the header %s is missing", name))
		}
		for _, value := range values {
			if wrong := c.validateText(header, value); wrong != nil {
				err = errors.Join(err, fmt.Errorf("the header %s: %w", name, wrong))
			}
		}
	}
	for name := range x.Header {
		if !documented[name] && !slices.Contains(onEveryAnswer, name) && (name != "Set-Cookie" || !presentsFlask(x.Request)) {
			err = errors.Join(err, fmt.Errorf("the header %s is not documented", name))
		}
	}
	return err
}

// presentsFlask reports whether a request has what may be a cookie of Flask. The document says
// once that any answer to it may set the cookie of a session.
func presentsFlask(r *http.Request) bool {
	cookie, err := r.Cookie(flask.CookieName)
	return err == nil && flask.Looks(cookie.Value)
}

// onEveryAnswer lists the headers that the document describes once, for all answers,
// and those of HTTP itself.
var onEveryAnswer = []string{
	"X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy", "Cross-Origin-Resource-Policy", "Strict-Transport-Security",
	"Vary", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers",
	"Cache-Control", "Content-Type", "Content-Length", "Connection", "Date",
}

func (c *Contract) checkRequest(x *Exchange, template string, operation node) error {
	err := c.checkPath(x, template, operation)
	if c.needsSession(operation) && x.Request.Header.Get("Cookie") == "" {
		err = errors.Join(err, errors.New("documented for signed-in users, but answered without a cookie"))
	}
	required, _ := c.at(operation, "requestBody", "required")
	if content, ok := c.at(operation, "requestBody", "content"); ok && (required.value == true || len(x.Sent) > 0) {
		sent := bytes.TrimPrefix(x.Sent, []byte("\ufeff")) // servers may ignore a byte order mark
		err = errors.Join(err, c.checkContent("request", content, x.Request.Header.Get("Content-Type"), sent))
	}
	return err
}

func (c *Contract) needsSession(operation node) bool {
	security, _ := c.at(operation, "security")
	ways, _ := security.value.([]any)
	return len(ways) > 0 && !slices.ContainsFunc(ways, func(way any) bool { return len(node{way, ""}.object()) == 0 })
}

func (c *Contract) checkPath(x *Exchange, template string, operation node) (err error) {
	segments := strings.Split(x.Request.URL.EscapedPath(), "/")
	list, _ := c.at(operation, "parameters")
	parameters, _ := list.value.([]any)
	for i := range parameters {
		parameter, _ := c.at(list, strconv.Itoa(i))
		name, _ := parameter.object()["name"].(string)
		at := slices.Index(strings.Split(template, "/"), "{"+name+"}")
		if at < 0 {
			continue
		}
		value, bad := url.PathUnescape(segments[at])
		if bad = errors.Join(bad, c.validateText(parameter, value)); bad != nil {
			err = errors.Join(err, fmt.Errorf("%s in the path: %w", name, bad))
		}
	}
	return err
}

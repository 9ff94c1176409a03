package testkit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/cardea-accounts/cardea/internal/openapi"
)

// Contract holds requests and answers to an OpenAPI 3.1 document. What it reads
// of OpenAPI is what ours uses.
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

// isNone tells whether the answer says that there is nothing at the path.
func (x *Exchange) isNone() bool {
	return x.Status == http.StatusNotFound && bytes.Contains(x.Body, []byte(`"code":"not_found"`))
}

// Check says what of an exchange is not as the document says. Requests count only
// if they were accepted: tests send bad ones on purpose.
func (c *Contract) Check(x *Exchange) error {
	if x.Status == http.StatusNoContent && x.Header.Get("Access-Control-Allow-Methods") != "" {
		return nil // the answer to a preflight, which the Fetch standard describes
	}
	template, item := c.match(x.Request.URL)
	switch {
	case template == "" && strings.HasPrefix(x.Request.URL.Path, "/static/"):
		return nil // for the pages; no part of the contract
	case template == "" || x.isNone() && !isClean(x.Request.URL.Path):
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

// match finds the path of the document that a URL is at; empty if there is none.
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

// checkAnyCall checks an answer that does not depend on the operation: that there
// is none, or the refusals that come before anybody has looked.
func (c *Contract) checkAnyCall(x *Exchange, none string) error {
	name, ok := map[int]string{
		http.StatusBadRequest:       "Malformed",
		http.StatusForbidden:        "CrossOrigin",
		http.StatusNotFound:         "NotFound",
		http.StatusMethodNotAllowed: "MethodNotAllowed",
	}[x.Status]
	if !ok || x.Status >= http.StatusNotFound && name != none {
		return fmt.Errorf("status %d from what is not in the document", x.Status)
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
	case x.Request.Method == http.MethodHead:
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
		if !documented[name] && !slices.Contains(onEveryAnswer, name) {
			err = errors.Join(err, fmt.Errorf("the header %s is not documented", name))
		}
	}
	return err
}

// onEveryAnswer are headers that the document describes once, for all answers, and
// those that HTTP itself gives rise to.
var onEveryAnswer = []string{
	"X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy", "Cross-Origin-Resource-Policy", "Strict-Transport-Security",
	"Vary", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers",
	"Cache-Control", "Content-Type", "Content-Length", "Connection", "Date", "X-Request-Id",
}

func (c *Contract) checkRequest(x *Exchange, template string, operation node) error {
	err := c.checkPath(x, template, operation)
	if c.needsSession(operation) && x.Request.Header.Get("Cookie") == "" {
		err = errors.Join(err, errors.New("documented as for those who are signed in, but answered without a cookie"))
	}
	if content, ok := c.at(operation, "requestBody", "content"); ok {
		err = errors.Join(err, c.checkContent("request", content, x.Request.Header.Get("Content-Type"), x.Sent))
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

// checkContent checks a body against what is documented for its type.
func (c *Contract) checkContent(what string, content node, contentType string, body []byte) error {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return fmt.Errorf("the %s's type %q: %w", what, contentType, err)
	}
	media, ok := c.at(content, kind)
	if !ok {
		return fmt.Errorf("the %s's type %s is not documented", what, kind)
	}
	var value any
	switch kind {
	case "application/json":
		value, err = jsonschema.UnmarshalJSON(bytes.NewReader(body))
	case "multipart/form-data":
		value, err = fields(body, params["boundary"])
	default:
		return nil // text and pictures, of which a schema says nothing
	}
	if err == nil {
		err = c.validate(media, value)
	}
	if err != nil {
		return fmt.Errorf("the %s's body: %w", what, err)
	}
	return nil
}

// fields reads a form as the object that its schema describes.
func fields(body []byte, boundary string) (any, error) {
	object := map[string]any{}
	form := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return object, nil
		}
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		object[part.FormName()] = string(data)
	}
}

// validateText checks the value of a header or a parameter.
func (c *Contract) validateText(n node, text string) error {
	var value any = text
	if kind, _ := c.at(n, "schema", "type"); kind.value == "integer" {
		number, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		value = number
	}
	return c.validate(n, value)
}

// validate checks a value against the schema of a place in the document.
func (c *Contract) validate(n node, value any) error {
	if _, ok := n.object()["schema"]; !ok {
		return nil
	}
	schema, err := c.schema(n.pointer + "/schema")
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

func (c *Contract) schema(pointer string) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.schemas[pointer]; s != nil {
		return s, nil
	}
	fragment := url.URL{Fragment: pointer}
	s, err := c.compiler.Compile(contractURL + "#" + fragment.EscapedFragment())
	if err == nil {
		c.schemas[pointer] = s
	}
	return s, err
}

// node is a value in the document and its place (RFC 6901).
type node struct {
	value   any
	pointer string
}

func (n node) object() map[string]any {
	object, _ := n.value.(map[string]any)
	return object
}

var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")

// at goes down from a node, following references.
func (c *Contract) at(n node, names ...string) (node, bool) {
	for _, name := range names {
		below, ok := n.object()[name]
		if list, isList := n.value.([]any); isList {
			i, err := strconv.Atoi(name)
			if ok = err == nil && i < len(list); ok {
				below = list[i]
			}
		}
		if !ok {
			return node{}, false
		}
		n = node{below, n.pointer + "/" + escapePointer.Replace(name)}
		if ref, ok := n.object()["$ref"].(string); ok {
			return c.follow(ref, names[1:])
		}
		names = names[1:]
	}
	return n, true
}

// follow goes on from where a reference points to; names of ours need no unescaping.
func (c *Contract) follow(ref string, names []string) (node, bool) {
	target := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
	return c.at(node{c.root, ""}, append(target, names...)...)
}

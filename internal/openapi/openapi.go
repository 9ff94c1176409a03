// Package openapi holds the HTTP contract as an OpenAPI 3.1 document. [JSON] returns
// the document for programs. [Load] parses it into the types that the page /docs shows.
//
// The document, openapi.json, is written by hand. Tests keep it true:
//   - its paths equal the route table (internal/web),
//   - its error codes equal those in the code,
//   - every request and answer of the scenario tests must match it (internal/testkit).
package openapi

import (
	_ "embed" // for the document
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

//go:embed openapi.json
var document []byte

// JSON returns the document. Callers must not change it.
func JSON() []byte { return document }

// Document is the parsed document with its references resolved.
type Document struct {
	Info       Info                         `json:"info"`
	Tags       []Tag                        `json:"tags"`
	Paths      Ordered[Ordered[*Operation]] `json:"paths"` // by path, then by method in lower case
	Components Components                   `json:"components"`
}

// Info describes the document.
type Info struct {
	Title       string `json:"title"`
	Version     string `json:"version"`
	Summary     string `json:"summary"`
	Description string `json:"description"`
}

// Tag is a group of operations.
type Tag struct {
	Name string `json:"name"`
}

// Components are the targets of references.
type Components struct {
	SecuritySchemes Ordered[SecurityScheme] `json:"securitySchemes"`
	Schemas         Ordered[*Schema]        `json:"schemas"`
	Parameters      Ordered[*Parameter]     `json:"parameters"`
	RequestBodies   Ordered[*Body]          `json:"requestBodies"`
	Responses       Ordered[*Response]      `json:"responses"`
	Headers         Ordered[*Header]        `json:"headers"`
}

// SecurityScheme is a way to authenticate.
type SecurityScheme struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// Operation is a method of a path.
type Operation struct {
	Method      string                `json:"-"` // in upper case
	Path        string                `json:"-"`
	ID          string                `json:"operationId"`
	Tags        []string              `json:"tags"`
	Summary     string                `json:"summary"`
	Description string                `json:"description"`
	AliasOf     string                `json:"x-alias-of"` // "POST /path" of the original; empty if it is no alias
	Security    []map[string][]string `json:"security"`
	Parameters  []*Parameter          `json:"parameters"`
	RequestBody *Body                 `json:"requestBody"`
	Responses   Ordered[*Response]    `json:"responses"` // by status
}

// NeedsSession reports whether the operation requires a session.
func (o *Operation) NeedsSession() bool {
	return len(o.Security) > 0 && !slices.ContainsFunc(o.Security, func(s map[string][]string) bool { return len(s) == 0 })
}

// Parameter is a part of a path, a query or a cookie.
type Parameter struct {
	Ref         string         `json:"$ref"`
	Name        string         `json:"name"`
	In          string         `json:"in"`
	Description string         `json:"description"`
	Required    bool           `json:"required"`
	Schema      *Schema        `json:"schema"`
	Example     jsontext.Value `json:"example"`
}

// Body is the body of a request.
type Body struct {
	Ref     string              `json:"$ref"`
	Content Ordered[*MediaType] `json:"content"`
}

// Response is the answer with one status.
type Response struct {
	Ref         string              `json:"$ref"`
	Description string              `json:"description"`
	Headers     Ordered[*Header]    `json:"headers"`
	Content     Ordered[*MediaType] `json:"content"`
}

// Header is a header of a response.
type Header struct {
	Ref         string         `json:"$ref"`
	Description string         `json:"description"`
	Example     jsontext.Value `json:"example"`
}

// MediaType is the content of a body or response in one media type.
type MediaType struct {
	Schema   *Schema          `json:"schema"`
	Example  jsontext.Value   `json:"example"`
	Examples Ordered[Example] `json:"examples"`
}

// Example is one of several examples. Examples of errors are named by their codes.
type Example struct {
	Summary string         `json:"summary"`
	Value   jsontext.Value `json:"value"`
}

// Schema is the part of a JSON Schema that the page shows.
type Schema struct {
	Ref         string           `json:"$ref"`
	Name        string           `json:"-"` // of a component; empty for a nested schema
	Type        OneOrMore        `json:"type"`
	Format      string           `json:"format"`
	Const       jsontext.Value   `json:"const"`
	Description string           `json:"description"`
	Properties  Ordered[*Schema] `json:"properties"`
	Required    []string         `json:"required"`
	Items       *Schema          `json:"items"`
}

// OneOrMore is a JSON string, or an array of strings.
type OneOrMore []string

// UnmarshalJSONFrom implements [json.UnmarshalerFrom].
func (o *OneOrMore) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() == '[' {
		return json.UnmarshalDecode(dec, (*[]string)(o))
	}
	*o = make(OneOrMore, 1)
	return json.UnmarshalDecode(dec, &(*o)[0])
}

// Ordered is a JSON object that keeps the order of the document.
type Ordered[V any] []Member[V]

// Member is a member of a JSON object.
type Member[V any] struct {
	Name  string
	Value V
}

// UnmarshalJSONFrom implements [json.UnmarshalerFrom].
func (o *Ordered[V]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if start, err := dec.ReadToken(); err != nil || start.Kind() != '{' {
		return fmt.Errorf("not an object (%w)", err)
	}
	for dec.PeekKind() != '}' {
		var m Member[V]
		if err := json.UnmarshalDecode(dec, &m.Name); err != nil {
			return err
		}
		if err := json.UnmarshalDecode(dec, &m.Value); err != nil {
			return err
		}
		*o = append(*o, m)
	}
	_, err := dec.ReadToken()
	return err
}

// at returns the component that a reference names.
func (o Ordered[V]) at(ref string) V {
	name := ref[strings.LastIndexByte(ref, '/')+1:]
	for _, m := range o {
		if m.Name == name {
			return m.Value
		}
	}
	panic("openapi.json: no component " + ref)
}

// Load parses the document. It panics on an error, because the document is embedded.
func Load() *Document {
	var d Document
	if err := json.Unmarshal(document, &d); err != nil {
		panic(err)
	}
	d.resolve()
	return &d
}

// Operations returns the operations with a tag, in the order of the document.
func (d *Document) Operations(tag string) (tagged []*Operation) {
	for _, path := range d.Paths {
		for _, method := range path.Value {
			if slices.Contains(method.Value.Tags, tag) {
				tagged = append(tagged, method.Value)
			}
		}
	}
	return tagged
}

func (d *Document) resolve() {
	c := &d.Components
	for _, m := range c.Schemas {
		m.Value.Name = m.Name
	}
	for _, m := range c.Schemas {
		c.resolveSchema(&m.Value.Items)
		c.resolveProperties(m.Value)
	}
	for _, m := range c.RequestBodies {
		c.resolveContent(m.Value.Content)
	}
	for _, m := range c.Responses {
		c.resolveResponse(m.Value)
	}
	for _, path := range d.Paths {
		for _, m := range path.Value {
			m.Value.Method, m.Value.Path = strings.ToUpper(m.Name), path.Name
			c.resolveOperation(m.Value)
		}
	}
}

func (c *Components) resolveOperation(o *Operation) {
	for i, p := range o.Parameters {
		if p.Ref != "" {
			o.Parameters[i] = c.Parameters.at(p.Ref)
		}
	}
	if o.RequestBody != nil {
		if o.RequestBody.Ref != "" {
			o.RequestBody = c.RequestBodies.at(o.RequestBody.Ref)
		}
		c.resolveContent(o.RequestBody.Content)
	}
	for i := range o.Responses {
		r := &o.Responses[i].Value
		if (*r).Ref != "" {
			*r = c.Responses.at((*r).Ref)
		}
		c.resolveResponse(*r)
	}
}

func (c *Components) resolveResponse(r *Response) {
	for i := range r.Headers {
		if ref := r.Headers[i].Value.Ref; ref != "" {
			r.Headers[i].Value = c.Headers.at(ref)
		}
	}
	c.resolveContent(r.Content)
}

func (c *Components) resolveContent(content Ordered[*MediaType]) {
	for _, m := range content {
		c.resolveSchema(&m.Value.Schema)
	}
}

// resolveSchema replaces a reference with a copy of its target. A description next to
// the reference overrides that of the target.
func (c *Components) resolveSchema(s **Schema) {
	switch {
	case *s == nil:
	case (*s).Ref != "":
		target := *c.Schemas.at((*s).Ref)
		if (*s).Description != "" {
			target.Description = (*s).Description
		}
		*s = &target
	case (*s).Name == "":
		c.resolveSchema(&(*s).Items)
		c.resolveProperties(*s)
	}
}

func (c *Components) resolveProperties(s *Schema) {
	for i := range s.Properties {
		c.resolveSchema(&s.Properties[i].Value)
	}
}

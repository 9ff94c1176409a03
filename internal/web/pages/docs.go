package pages

import (
	"bytes"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cardea-accounts/cardea/internal/openapi"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

var docsPage = template.Must(template.New("docs.html").Funcs(template.FuncMap{
	"prose": prose, "pretty": pretty, "kind": kindOf, "isError": isError, "ref": reference,
	"compact": compact, "text": text, "varying": varying,
	"required": func(s *openapi.Schema, name string) bool { return slices.Contains(s.Required, name) },
}).ParseFS(files, "html/docs.html"))

// contract is the OpenAPI document as the page shows it.
var contract = openapi.Load()

// Docs shows the contract.
func (p *Pages) Docs(r *wire.Request) error {
	page, err := docsHTML()
	if err != nil {
		return err
	}
	address := []byte(template.HTMLEscapeString(r.PublicAddress()))
	parts := make([][]byte, 0, 2*len(page))
	for _, part := range page {
		parts = append(parts, part, address)
	}
	r.AsPage()
	r.Revalidated(parts[:len(parts)-1]...)
	return nil
}

// anyAddress is replaced in the page by the public address of each request.
const anyAddress = "http://cardea.invalid"

// docsHTML makes the page once, because that takes milliseconds. It returns the parts around
// the addresses.
var docsHTML = sync.OnceValues(func() ([][]byte, error) {
	sections, err := docsSections()
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	err = docsPage.Execute(&page, struct {
		*openapi.Document
		Sections []docsSection
	}{contract, sections})
	return bytes.Split(page.Bytes(), []byte(anyAddress)), err
})

// docsSection is a group of operations on the page.
type docsSection struct {
	Name  string
	Calls []docsCall
}

// docsCall is an operation and a command that tries it.
type docsCall struct {
	*openapi.Operation
	Curl string
}

func docsSections() ([]docsSection, error) {
	sections := make([]docsSection, len(contract.Tags))
	for i, tag := range contract.Tags {
		sections[i].Name = tag.Name
		for _, operation := range contract.Operations(tag.Name) {
			line, err := curl(operation)
			if err != nil {
				return nil, err
			}
			sections[i].Calls = append(sections[i].Calls, docsCall{operation, line})
		}
	}
	return sections, nil
}

// prose turns the document's text into paragraphs. Of Markdown it knows only `code`.
func prose(text string) template.HTML {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		b.WriteString("<p>")
		for i, part := range strings.Split(paragraph, "`") {
			if part = template.HTMLEscapeString(part); i%2 == 1 {
				part = "<code>" + part + "</code>"
			}
			b.WriteString(part)
		}
		b.WriteString("</p>")
	}
	return template.HTML(b.String()) //nolint:gosec // escaped above; and the text is the source's
}

// pretty formats an example on several lines.
func pretty(example jsontext.Value) (string, error) {
	example = example.Clone()
	err := example.Indent(jsontext.WithIndent("  "))
	return string(example), err
}

// compact formats an example on one line, as it is sent.
func compact(example jsontext.Value) (string, error) {
	example = example.Clone()
	err := example.Compact()
	return string(example), err
}

// text formats an example as it is written in a header or a path.
func text(example jsontext.Value) (string, error) {
	if example.Kind() != '"' {
		return string(example), nil
	}
	plain, err := jsontext.AppendUnquote(nil, example)
	return string(plain), err
}

// varying leaves out properties with a constant value; the example shows them.
func varying(properties openapi.Ordered[*openapi.Schema]) openapi.Ordered[*openapi.Schema] {
	return slices.DeleteFunc(slices.Clone(properties), func(p openapi.Member[*openapi.Schema]) bool { return len(p.Value.Const) > 0 })
}

// kindOf describes a schema in a few words.
func kindOf(s *openapi.Schema) string {
	switch {
	case s.Items != nil:
		return "list of " + kindOf(s.Items)
	case s.Name != "" && len(s.Properties) > 0:
		return s.Name
	case s.Format == "date-time":
		return "time"
	case len(s.Type) == 0:
		return "file"
	}
	return strings.Join(s.Type, " or ")
}

// reference is the name of the object that a schema, or its list, consists of; empty
// if it is none. The page links to its description.
func reference(s *openapi.Schema) string {
	if s.Items != nil {
		return reference(s.Items)
	}
	if s.Name != "" && len(s.Properties) > 0 {
		return s.Name
	}
	return ""
}

func isError(status string) bool { return status >= "400" }

// curl is the command that sends an operation's example.
func curl(o *openapi.Operation) (string, error) {
	line := "curl"
	path := o.Path
	for _, p := range o.Parameters {
		if p.In != "path" {
			continue
		}
		example, err := text(p.Example)
		if err != nil {
			return "", err
		}
		path = strings.ReplaceAll(path, "{"+p.Name+"}", example)
	}
	if len(o.Security) > 0 {
		line += " -b cookies"
	}
	if setsCookie(o) {
		line += " -c cookies"
	}
	if o.Method != http.MethodGet {
		line += " -X " + o.Method
	}
	line += " " + anyAddress + path
	body, err := curlBody(o)
	return line + body, err
}

func setsCookie(o *openapi.Operation) bool {
	for _, response := range o.Responses {
		for _, header := range response.Value.Headers {
			if header.Name == "Set-Cookie" {
				return true
			}
		}
	}
	return false
}

func curlBody(o *openapi.Operation) (string, error) {
	if o.RequestBody == nil {
		return "", nil
	}
	content := o.RequestBody.Content[0]
	if content.Name != "application/json" {
		return " \\\n  -F 'profile_pic=@test.png'", nil
	}
	example, err := compact(content.Value.Example)
	return " \\\n  -H 'Content-Type: application/json' \\\n  -d '" + example + "'", err
}

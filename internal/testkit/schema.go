package testkit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

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
		return nil // schemas say nothing about text and pictures
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

// validate checks a value against the schema at a place in the document.
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

// follow continues where a reference points to. The names in our references need no
// unescaping.
func (c *Contract) follow(ref string, names []string) (node, bool) {
	target := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
	return c.at(node{c.root, ""}, append(target, names...)...)
}

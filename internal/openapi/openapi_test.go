package openapi_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/cardea-accounts/cardea/internal/openapi"
)

const at = "file:///openapi.json"

func document(t *testing.T) any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(openapi.JSON()))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// The document matches the official schema of OpenAPI 3.1.
func TestDocumentIsOpenAPI(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	schema, err := compiler.Compile("testdata/oas-3.1-schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(document(t)); err != nil {
		t.Errorf("%#v", err)
	}
}

var escape = strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")

// walk visits all objects of the document with their JSON pointers.
func walk(value any, pointer string, visit func(object map[string]any, pointer string)) {
	switch value := value.(type) {
	case map[string]any:
		visit(value, pointer)
		for name, below := range value {
			if name != "example" && name != "examples" {
				walk(below, pointer+"/"+escape.Replace(name), visit)
			}
		}
	case []any:
		for i, below := range value {
			walk(below, pointer+"/"+strconv.Itoa(i), visit)
		}
	}
}

// Every schema is valid JSON Schema 2020-12, and every example matches its schema.
func TestExamplesFitTheirSchemas(t *testing.T) {
	doc := document(t)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(at, doc); err != nil {
		t.Fatal(err)
	}
	examples := 0
	walk(doc, "", func(object map[string]any, pointer string) {
		if _, ok := object["schema"]; !ok {
			return
		}
		schema, err := compiler.Compile(at + "#" + pointer + "/schema")
		if err != nil {
			t.Fatalf("%s: %v", pointer, err)
		}
		for _, example := range examplesOf(object) {
			examples++
			if err := schema.Validate(example); err != nil {
				t.Errorf("an example at %s: %v", pointer, err)
			}
		}
	})
	if examples < 50 {
		t.Errorf("found only %d examples", examples)
	}
	for name := range doc.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any) {
		if _, err := compiler.Compile(at + "#/components/schemas/" + name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func examplesOf(object map[string]any) (all []any) {
	if example, ok := object["example"]; ok {
		all = append(all, example)
	}
	several, _ := object["examples"].(map[string]any)
	for _, one := range several {
		all = append(all, one.(map[string]any)["value"])
	}
	return all
}

// Each error response has an example for each of its codes.
func TestErrorsHaveExamples(t *testing.T) {
	doc := document(t)
	seen := 0
	walk(doc, "", func(object map[string]any, pointer string) {
		schema, _ := object["schema"].(map[string]any)
		if schema["$ref"] != "#/components/schemas/Error" {
			return
		}
		seen++
		var examples []any
		for code, example := range object["examples"].(map[string]any) {
			examples = append(examples, code)
			if value := example.(map[string]any)["value"].(map[string]any); value["code"] != code {
				t.Errorf("%s: the example %s has the code %s", pointer, code, value["code"])
			}
		}
		codes := schema["properties"].(map[string]any)["code"].(map[string]any)["enum"].([]any)
		if !sameStrings(codes, examples) {
			t.Errorf("%s: codes %v, examples %v", pointer, codes, examples)
		}
	})
	if seen < 20 {
		t.Errorf("found only %d errors", seen)
	}
}

func sameStrings(a, b []any) bool { return reflect.DeepEqual(sorted(a), sorted(b)) }

func sorted(values []any) (out []string) {
	for _, v := range values {
		out = append(out, v.(string))
	}
	slices.Sort(out)
	return out
}

// The document lists exactly the error codes that the code uses.
func TestErrorCodes(t *testing.T) {
	var documented []string
	schemas := document(t).(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any)
	code := schemas["Error"].(map[string]any)["properties"].(map[string]any)["code"].(map[string]any)
	documented = sorted(code["enum"].([]any))

	inCode := regexp.MustCompile(`\bCode:\s*"([a-z_]+)"`)
	var written []string
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, match := range inCode.FindAllSubmatch(source, -1) {
			written = append(written, string(match[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(written)
	if written = slices.Compact(written); !slices.Equal(written, documented) {
		t.Errorf("codes in the code\n%q, in the document\n%q", written, documented)
	}
}

// An alias has the same requests and responses as its original.
func TestAliases(t *testing.T) {
	doc := openapi.Load()
	operations := map[string]*openapi.Operation{}
	for _, tag := range doc.Tags {
		for _, o := range doc.Operations(tag.Name) {
			operations[o.Method+" "+o.Path] = o
		}
	}
	aliases := 0
	for name, o := range operations {
		if o.AliasOf == "" {
			continue
		}
		aliases++
		original := operations[o.AliasOf]
		if original == nil || !reflect.DeepEqual(o.RequestBody, original.RequestBody) || !reflect.DeepEqual(o.Responses, original.Responses) ||
			!reflect.DeepEqual(o.Security, original.Security) {
			t.Errorf("%s differs from %q", name, o.AliasOf)
		}
	}
	if aliases != 2 {
		t.Errorf("%d aliases, want /login and /upload_profile_pic", aliases)
	}
}

// Operation ids are unique, every operation has a listed tag, and every component is
// used.
func TestIdsTagsAndComponents(t *testing.T) {
	doc := openapi.Load()
	ids, tagged, all := map[string]bool{}, 0, 0
	for _, tag := range doc.Tags {
		for _, o := range doc.Operations(tag.Name) {
			if tagged++; ids[o.ID] {
				t.Errorf("two operations have the id %s", o.ID)
			}
			ids[o.ID] = true
		}
	}
	for _, path := range doc.Paths {
		all += len(path.Value)
	}
	if tagged != all {
		t.Errorf("%d operations, %d with a listed tag", all, tagged)
	}
	text := string(openapi.JSON())
	components := document(t).(map[string]any)["components"].(map[string]any)
	delete(components, "securitySchemes") // referenced by name only
	for kind, members := range components {
		for name := range members.(map[string]any) {
			if name == "NotFound" || name == "MethodNotAllowed" {
				continue // the answers to requests outside the document
			}
			if !strings.Contains(text, `"#/components/`+kind+"/"+name+`"`) {
				t.Errorf("%s/%s is not used", kind, name)
			}
		}
	}
}

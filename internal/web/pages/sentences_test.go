package pages

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/words"
)

// unseen are the codes that no page shows, with the reason.
var unseen = map[string]string{
	"not_logged_in":         "the page asks to sign in",
	"session_not_found":     "the list of devices says so in its own words",
	"invalid_token":         "see refuseProof",
	"picture_not_found":     "pictures are not pages",
	"range_not_satisfiable": "files are not pages",
	"header_too_large":      "net/http refuses it",
}

// unheard are the sentences about fields that no form of a page can bring about.
var unheard = map[string]string{
	"The name is not valid UTF-8.":       "forms are",
	"The password is not valid UTF-8.":   "forms are",
	"Enter a name, a language, or both.": "the form has both",
}

// sources are the packages whose errors pages show.
var sources = []string{"guard", "account", "session", "challenge", "media", "web/wire", "web/upload"}

// Every error that a user can meet on a page has a text in all languages.
func TestErrorsHaveTexts(t *testing.T) {
	book, err := words.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]bool{}
	for _, source := range sources {
		errs, sentences := literals(t, filepath.Join("../..", source))
		for _, e := range errs {
			if codes[e.Code] = true; unseen[e.Code] != "" {
				continue
			}
			e.RetryAfter = time.Minute
			seen := map[string]string{} // sentence to language
			for _, tag := range book.Languages() {
				v := &view{language: book.Match(tag), pages: &Pages{}}
				s := v.sentence(e)
				if generic, _ := v.T("error.invalid_input"); s == generic && e.Code != "invalid_input" {
					t.Errorf("%s: the catalogue of %s has neither error.%s nor its message %q", source, tag, e.Code, e.Message)
				} else if seen[s] != "" {
					t.Errorf("%s says %q for %s, as %s does", tag, s, e.Code, seen[s])
				}
				seen[s] = tag
			}
		}
		if source != "account" {
			continue
		}
		for _, s := range sentences {
			if _, ok := book.Match("de").Translate(s); !ok && unheard[s] == "" {
				t.Errorf("%s: no catalogue has %q", source, s)
			}
		}
	}
	if len(codes) < 30 || !codes["email_taken"] || !codes["no_file_uploaded"] {
		t.Errorf("the errors are not found: %v", codes)
	}
	for code := range unseen {
		if !codes[code] {
			t.Errorf("there is no error %s any more", code)
		}
	}
}

// literals are the errors that a package makes, and its other sentences. A message that is put
// together at run time is empty.
func literals(t *testing.T, dir string) (errs []*guard.Error, sentences []string) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no source in %s: %v", dir, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.CompositeLit:
				if e := errorOf(n); e.Code != "" {
					errs = append(errs, e)
					return false
				}
			case *ast.BasicLit:
				if s := stringOf(n); strings.HasSuffix(s, ".") && s[0] >= 'A' && s[0] <= 'Z' && strings.Contains(s, " ") {
					sentences = append(sentences, s)
				}
			}
			return true
		})
	}
	return errs, sentences
}

// errorOf reads the fields Code and Message of a literal; without them it is no error.
func errorOf(literal *ast.CompositeLit) *guard.Error {
	var e guard.Error
	for _, element := range literal.Elts {
		pair, isPair := element.(*ast.KeyValueExpr)
		if !isPair {
			continue
		}
		switch key, _ := pair.Key.(*ast.Ident); {
		case key == nil:
		case key.Name == "Code":
			e.Code = stringOf(pair.Value)
		case key.Name == "Message":
			e.Message = stringOf(pair.Value)
		}
	}
	return &e
}

func stringOf(node ast.Expr) string {
	literal, ok := node.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return ""
	}
	s, _ := strconv.Unquote(literal.Value) // the parser has read it
	return s
}

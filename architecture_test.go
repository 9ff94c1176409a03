package cardea_test

import (
	"bufio"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What ARCHITECTURE.md says of the packages, held.

const module = "github.com/cardea-accounts/cardea"

// folder is a folder of the module that holds Go files.
type folder struct {
	name    string
	doc     string              // package comments of all files
	imports map[string][]string // what the code imports, and in which files; tests are free
}

// level is how high a package stands; imports run from higher to lower.
func level(name string) int {
	switch {
	case name == "cmd" || strings.HasPrefix(name, "cmd/"):
		return 4
	case name == ".":
		return 3
	case name == "internal/web":
		return 2
	case name == "internal/account", name == "internal/datadir":
		return 1
	case strings.HasPrefix(name, "internal/"): // store and the leaves
		return 0
	}
	return -1
}

const testkitFolder = "internal/testkit"

// goFolders reads all Go files of the module but the tests, whatever they are
// built for.
func goFolders(t *testing.T) map[string]*folder {
	t.Helper()
	folders := map[string]*folder{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return outside(name)
		}
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			read(t, folders, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return folders
}

// outside is fs.SkipDir for a folder that is none of this module's: not for the
// go command (see go help packages), or a module of its own.
func outside(name string) error {
	base := filepath.Base(name)
	_, err := os.Stat(filepath.Join(name, "go.mod"))
	if name != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || err == nil) {
		return fs.SkipDir
	}
	return nil
}

func read(t *testing.T, folders map[string]*folder, name string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.ToSlash(filepath.Dir(name))
	if folders[dir] == nil {
		folders[dir] = &folder{name: dir, imports: map[string][]string{}}
	}
	f := folders[dir]
	f.doc += file.Doc.Text()
	for _, spec := range file.Imports {
		imported := importedPath(t, spec)
		f.imports[imported] = append(f.imports[imported], name)
	}
}

// importedPath is what is imported: for a package of this module its folder.
func importedPath(t *testing.T, spec *ast.ImportSpec) string {
	t.Helper()
	imported, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		t.Fatal(err)
	}
	if imported == module {
		return "."
	}
	return strings.TrimPrefix(imported, module+"/")
}

func TestImportsRunOneWay(t *testing.T) {
	folders := goFolders(t)
	for _, f := range folders {
		if f.name == testkitFolder {
			continue
		}
		if level(f.name) < 0 {
			t.Errorf("%s: nobody has said where this package stands", f.name)
		}
		for imported, files := range f.imports {
			if folders[imported] != nil && level(imported) >= level(f.name) {
				t.Errorf("%s imports %s; imports run cmd, cardea, web, account, store and leaves, never back", files, imported)
			}
		}
	}
	for _, skipped := range []struct{ from, to, why string }{
		{"cmd/cardea", "internal/", "the command uses the public package, as any program does"},
		{"internal/web", "internal/store", "handlers call internal/account, where the rules are"},
	} {
		for imported, files := range folders[skipped.from].imports {
			if strings.HasPrefix(imported, skipped.to) && imported != "internal/settings" { // the command declares its own settings with it
				t.Errorf("%s imports %s; %s", files, imported, skipped.why)
			}
		}
	}
}

// Who may import what others must not.
func TestImportsThatAreForFew(t *testing.T) {
	for _, rule := range []struct {
		imports string // and what is below it
		allowed []string
		why     string
	}{
		{"net/http", []string{"cmd/cardea", ".", "internal/web", testkitFolder}, "only the web package and what is above it know HTTP"},
		{"database/sql", []string{"internal/store"}, "the SQL is in internal/store"},
		{"modernc.org/sqlite", []string{"internal/store"}, "the SQL is in internal/store"},
		{testkitFolder, nil, "it is for tests"},
		{"testing", []string{testkitFolder}, "it is for tests"},
		{"C", nil, "memory is safe, and the binary static"},
		{"unsafe", []string{"internal/password"}, "memory is safe; the one import is blank, for a function that is linked by name"},
		{"os/exec", nil, "no commands are run"},
		{"plugin", nil, "no code is loaded"},
		{"text/template", nil, "pages are html/template's, which escapes"},
		{"regexp", nil, "no patterns are matched against what strangers send"},
		{"encoding/gob", nil, "requests are decoded into structs of strings"},
		{"encoding/xml", nil, "requests are decoded into structs of strings"},
		{"math/rand", nil, "what is random comes from crypto/rand"},
		{"crypto/md5", nil, "broken"},
		{"crypto/sha1", []string{"internal/breached"}, "broken; what is published of breached passwords is keyed by it"},
		{"crypto/des", nil, "broken"},
		{"crypto/rc4", nil, "broken"},
		{"crypto/aes", nil, "nothing is encrypted; docs/security.md lists what crypto there is"},
		{"crypto/cipher", nil, "nothing is encrypted; docs/security.md lists what crypto there is"},
		{"crypto/rsa", nil, "nothing is encrypted; docs/security.md lists what crypto there is"},
	} {
		for _, f := range goFolders(t) {
			for imported, files := range f.imports {
				if (imported == rule.imports || strings.HasPrefix(imported, rule.imports+"/")) && !slices.Contains(rule.allowed, f.name) {
					t.Errorf("%s imports %s; %s", files, imported, rule.why)
				}
			}
		}
	}
}

// The server talks to nobody of its own accord: nothing in it opens a connection.
func TestNothingCallsOut(t *testing.T) {
	for name := range goFolders(t) {
		if name == testkitFolder {
			continue
		}
		files, err := filepath.Glob(filepath.Join(name, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			code, err := os.ReadFile(file) //nolint:gosec // a file of this module
			if err != nil {
				t.Fatal(err)
			}
			for _, call := range []string{"http.Get(", "http.Post", "http.Client", "http.DefaultClient", "http.Transport", "net.Dial", "tls.Dial", "smtp."} {
				if !strings.HasSuffix(file, "_test.go") && strings.Contains(string(code), call) {
					t.Errorf("%s has %s", file, call)
				}
			}
		}
	}
}

func TestEveryPackageHasAComment(t *testing.T) {
	for _, f := range goFolders(t) {
		first, _, _ := strings.Cut(strings.ReplaceAll(f.doc, "\n", " "), ". ")
		if !strings.HasPrefix(first, "Package ") && !strings.HasPrefix(first, "Command ") ||
			!strings.Contains(f.doc, ".") || len(strings.Fields(first)) < 5 {
			t.Errorf("%s: the package comment is %q", f.name, f.doc)
		}
	}
}

// mapped lists the paths at the beginnings of the lines of the map in ARCHITECTURE.md.
func mapped(t *testing.T) []string {
	t.Helper()
	file, err := os.Open("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // it is only read
	var paths []string
	inside := false
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "```") && inside:
			return paths
		case strings.HasPrefix(line, "```"):
			inside = true
		case inside && line != "" && line[0] != ' ': // a line that begins with a space goes on with the one before
			paths = append(paths, strings.Fields(line)[0])
		}
	}
	t.Fatal("ARCHITECTURE.md has no map between two lines of ```")
	return nil
}

func TestMapMatchesTheTree(t *testing.T) {
	paths := mapped(t)
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			t.Errorf("the map names %s: %v", p, err)
		} else if info.IsDir() != strings.HasSuffix(p, "/") {
			t.Errorf("the map names %s; folders, and only they, end with a slash", p)
		}
	}
	want := []string{"docs/", "docs/decisions/", "tools/", "scripts/", "cardea.go"}
	for name := range goFolders(t) {
		if name != "." { // that is cardea.go
			want = append(want, name+"/")
		}
	}
	for _, p := range want {
		if !slices.Contains(paths, p) {
			t.Errorf("the map does not name %s", p)
		}
	}
}

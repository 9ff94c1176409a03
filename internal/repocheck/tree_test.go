package repocheck

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/cardea-accounts/cardea"

// folder is a folder of the module that holds Go files.
type folder struct {
	name    string
	doc     string              // package comments of all files
	files   []string            // without tests
	imports map[string][]string // what the files import, and in which of them
}

// goFolders reads all Go files of the module but the tests, for every platform.
func goFolders(t *testing.T) map[string]*folder {
	t.Helper()
	folders := map[string]*folder{}
	walk(t, func(name string) {
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			readGo(t, folders, name)
		}
	})
	return folders
}

// walk calls f with every file of the module.
func walk(t *testing.T, f func(name string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return outside(name)
		}
		f(filepath.ToSlash(name))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// outside returns fs.SkipDir for a folder that is not part of this module: one that the
// go command ignores (see go help packages), a module of its own, or what npm installed.
func outside(name string) error {
	base := filepath.Base(name)
	_, err := os.Stat(filepath.Join(name, "go.mod"))
	if name != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "node_modules" || err == nil) {
		return fs.SkipDir
	}
	return nil
}

func readGo(t *testing.T, folders map[string]*folder, name string) {
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
	f.files = append(f.files, name)
	for _, spec := range file.Imports {
		imported := importedPath(t, spec)
		f.imports[imported] = append(f.imports[imported], name)
	}
}

// importedPath returns the import path. For a package of this module, that is its folder.
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

// readText returns the text of a file.
func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(name)) //nolint:gosec // a file of the repository
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// isUnder reports whether a package is another one or below it. "." is only itself.
func isUnder(name, other string) bool {
	return name == other || strings.HasPrefix(name, other+"/")
}

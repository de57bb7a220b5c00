package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	// maxExported is how many names a package may export at top level. One that needs more holds more than one job.
	maxExported = 90
	// maxColumns is how wide a line of code may be, with a tab as four columns.
	maxColumns = 120
)

// goFiles calls visit for every Go file of the project, with its path from the root, that nobody generated.
func goFiles(t *testing.T, visit func(name string, set *token.FileSet, f *ast.File)) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "vendor") {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		if !ast.IsGenerated(f) {
			rel, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			visit(filepath.ToSlash(rel), set, f)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestExportedNames counts what each package exports: functions, types, variables and constants, methods not.
func TestExportedNames(t *testing.T) {
	exported := map[string]int{}
	goFiles(t, func(name string, _ *token.FileSet, f *ast.File) {
		if strings.HasSuffix(name, "_test.go") || f.Name.Name == "main" {
			return
		}
		dir := filepath.ToSlash(filepath.Dir(name))
		count := func(id *ast.Ident) {
			if id.IsExported() {
				exported[dir]++
			}
		}
		for _, decl := range f.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					count(d.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						count(s.Name)
					case *ast.ValueSpec:
						for _, id := range s.Names {
							count(id)
						}
					}
				}
			}
		}
	})
	if len(exported) < 20 {
		t.Fatalf("found %d packages", len(exported))
	}
	for dir, n := range exported {
		if n > maxExported {
			t.Errorf("package %s exports %d names, more than %d", dir, n, maxExported)
		}
	}
}

// TestColumns finds lines that are too wide. Lines inside a raw string are data.
func TestColumns(t *testing.T) {
	goFiles(t, func(name string, set *token.FileSet, f *ast.File) {
		file := set.File(f.Pos())
		raw := map[int]bool{}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && lit.Value[0] == '`' {
				first, last := file.Line(lit.Pos()), file.Line(lit.End())
				for line := first; line <= last && first != last; line++ {
					raw[line] = true
				}
			}
			return true
		})
		text, err := readFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(text, "\n") {
			width := utf8.RuneCountInString(line) + 3*strings.Count(line, "\t")
			if width > maxColumns && !raw[n+1] {
				t.Errorf("%s:%d has %d columns, more than %d", name, n+1, width, maxColumns)
			}
		}
	})
}

func readFile(name string) (string, error) {
	b, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
	return string(b), err
}

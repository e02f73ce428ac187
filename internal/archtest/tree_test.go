package archtest

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

// file is one text file of the checkout. syntax is nil when it is not Go source.
type file struct {
	path   string // from the module root, with slashes
	text   []byte
	syntax *ast.File
}

// tree is everything the rules look at.
type tree struct {
	module  string   // import path of the root module
	modules []string // folders of the other modules
	fset    *token.FileSet
	files   []file
}

// finding is one thing that breaks a rule. size is what was measured, 0 for rules that measure nothing.
type finding struct {
	rule  string
	name  string // what an exception is listed under
	where string
	size  int
	text  string
}

func (f finding) String() string { return fmt.Sprintf("%s: %s: %s", f.where, f.rule, f.text) }

// textFiles are the names of the files that people write; others (pictures, lock files, binaries) are not read.
var textFiles = regexp.MustCompile(`\.(go|sh|js|mjs|cjs|ts|html|css|md|conf|txt|ya?ml|golden)$|(^|/)(Makefile|Dockerfile|run|go\.mod|package\.json)$`)

// skipFolder reports folders that hold nothing written by us.
func skipFolder(name string) bool {
	switch name {
	case ".ci", ".github", ".":
		return false
	case "node_modules", "vendor", "bin", "results":
		return true
	}
	return strings.HasPrefix(name, ".")
}

// load reads a checkout. The root must have a go.mod.
func load(root fs.FS) (*tree, error) {
	t := &tree{fset: token.NewFileSet()}
	err := fs.WalkDir(root, ".", func(p string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && skipFolder(entry.Name()):
			return fs.SkipDir
		case entry.IsDir() || !textFiles.MatchString(p):
			return nil
		}
		return t.add(root, p)
	})
	if err == nil && t.module == "" {
		err = fmt.Errorf("no go.mod at the root")
	}
	return t, err
}

func (t *tree) add(root fs.FS, p string) error {
	text, err := fs.ReadFile(root, p)
	if err != nil {
		return err
	}
	f := file{path: p, text: text}
	if strings.HasSuffix(p, ".go") && !strings.Contains(p, "testdata/") {
		if f.syntax, err = parser.ParseFile(t.fset, p, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
			return err
		}
	}
	if p == "go.mod" {
		first, _, _ := strings.Cut(string(text), "\n")
		t.module = strings.TrimSpace(strings.TrimPrefix(first, "module "))
	} else if path.Base(p) == "go.mod" {
		t.modules = append(t.modules, path.Dir(p))
	}
	t.files = append(t.files, f)
	return nil
}

func (f file) folder() string { return path.Dir(f.path) }
func (f file) isTest() bool   { return strings.HasSuffix(f.path, "_test.go") }

// lines counts lines as an editor does: a last line without a newline counts too.
func (f file) lines() int {
	n := bytes.Count(f.text, []byte("\n"))
	if len(f.text) > 0 && f.text[len(f.text)-1] != '\n' {
		n++
	}
	return n
}

// imports calls visit for each import of f.
func (t *tree) imports(f file, visit func(importPath, where string)) {
	for _, spec := range f.syntax.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			visit(p, t.where(spec.Pos()))
		}
	}
}

func (t *tree) where(pos token.Pos) string {
	p := t.fset.Position(pos)
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}

// goFiles are the Go sources of every module.
func (t *tree) goFiles() []file {
	return slices.DeleteFunc(slices.Clone(t.files), func(f file) bool { return f.syntax == nil })
}

// rootFiles are the Go sources of the root module: those that stand on a floor.
func (t *tree) rootFiles() []file {
	return slices.DeleteFunc(t.goFiles(), func(f file) bool {
		return slices.ContainsFunc(t.modules, func(m string) bool { return f.folder() == m || strings.HasPrefix(f.path, m+"/") })
	})
}

// byFolder groups files into packages, in order of their paths.
func byFolder(files []file) ([]string, map[string][]file) {
	groups := map[string][]file{}
	for _, f := range files {
		groups[f.folder()] = append(groups[f.folder()], f)
	}
	var folders []string
	for folder := range groups {
		folders = append(folders, folder)
	}
	slices.Sort(folders)
	return folders, groups
}

// house is the real checkout, read once.
var house = sync.OnceValues(func() (*tree, error) { return load(os.DirFS("../..")) })

// keep fails t for each finding of one rule in the real checkout that is not excepted, and for each exception of this
// rule that is not needed.
func keep(t *testing.T, rule string, check func(*tree) []finding) {
	t.Helper()
	checkout, err := house()
	if err != nil {
		t.Fatal(err)
	}
	left, stale := settle(rule, check(checkout), exceptions)
	slices.SortFunc(left, func(a, b finding) int { return cmp.Compare(a.where, b.where) })
	for _, f := range left {
		t.Error(f)
	}
	for _, e := range stale {
		t.Errorf("exception %q of rule %q is no longer needed: remove it", e.name, e.rule)
	}
}

// finds runs a rule over small sources and compares the names of its findings.
func finds(t *testing.T, check func(*tree) []finding, sources map[string]string, want ...string) {
	t.Helper()
	root := fstest.MapFS{"go.mod": {Data: []byte("module weir\n")}}
	for p, text := range sources {
		root[p] = &fstest.MapFile{Data: []byte(text)}
	}
	checkout, err := load(root)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, f := range check(checkout) {
		got = append(got, f.name)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestLoadReadsOnlyWhatWeWrote(t *testing.T) {
	empty := &fstest.MapFile{Data: []byte("package x\n")}
	checkout, err := load(fstest.MapFS{
		"go.mod":                    {Data: []byte("module weir\n\ngo 1.26\n")},
		"ws/frame.go":               empty,
		"test/go.mod":               {Data: []byte("module weir/test\n")},
		"test/js/node_modules/a.go": empty,
		"test/a_test.go":            empty,
		".git/hook.go":              empty,
		".ci/run":                   {Data: []byte("#!/bin/sh\n")},
		"bin/b.go":                  empty,
		"page.png":                  empty,
		"ws/testdata/broken.go":     {Data: []byte("not Go")},
	})
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, f := range checkout.files {
		paths = append(paths, f.path)
	}
	want := []string{".ci/run", "go.mod", "test/a_test.go", "test/go.mod", "ws/frame.go", "ws/testdata/broken.go"}
	if !slices.Equal(paths, want) {
		t.Errorf("read %q, want %q", paths, want)
	}
	if got := checkout.rootFiles(); len(got) != 1 || got[0].path != "ws/frame.go" {
		t.Errorf("files of the root module: %v", got)
	}
	if _, err := load(fstest.MapFS{"a.go": empty}); err == nil {
		t.Error("a folder without go.mod was taken for a checkout")
	}
	if _, err := load(fstest.MapFS{"a.go": {Data: []byte("func")}}); err == nil {
		t.Error("a file that is not Go was read without an error")
	}
}

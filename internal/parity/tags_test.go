package parity

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// tag is one line of comment that says which rows a test holds.
type tag struct {
	file string   // from the root, with slashes
	test string   // function and, if the tag is at one row of a table, that row's name
	rows []string // ids
}

var (
	tagLine = regexp.MustCompile(`^\s*(?://|#) parity:(.*)$`)
	// caseName is the name of a subtest at the beginning of a line: a row of a table, a key of a map, or a call.
	caseName = regexp.MustCompile("^\\s*(?:\\{+|[\\w.]*\\(|\\{name: )?(?:\"([^\"]*)\"|'([^']*)'|`([^`]*)`)")
)

// readTags reads the tags of every test file below the root.
func readTags(root fs.FS) ([]tag, error) {
	var tags []tag
	err := fs.WalkDir(root, ".", func(p string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && p != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return fs.SkipDir
		case entry.IsDir():
			return nil
		}
		read := reader(p)
		if read == nil {
			return nil
		}
		text, err := fs.ReadFile(root, p)
		if err != nil {
			return err
		}
		found, err := read(p, string(text))
		tags = append(tags, found...)
		return err
	})
	return tags, err
}

// reader returns what reads the tags of a file, nil if it is not a test.
func reader(p string) func(file, text string) ([]tag, error) {
	switch {
	case strings.HasSuffix(p, "_test.go"):
		return goTags
	case strings.HasSuffix(p, ".mjs"):
		return scriptTags
	case strings.HasSuffix(p, ".txt") && path.Base(path.Dir(p)) == "transcripts":
		return transcriptTags
	}
	return nil
}

func ids(list string) []string { return strings.Fields(list) }

// goTags finds the declaration of each tag.
func goTags(file, text string) ([]tag, error) {
	if !strings.Contains(text, "// parity:") {
		return nil, nil
	}
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, file, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(text, "\n")
	var tags []tag
	for _, group := range syntax.Comments {
		for _, comment := range group.List {
			found := tagLine.FindStringSubmatch(comment.Text)
			if found == nil {
				continue
			}
			name := declared(syntax, comment.Pos())
			if name == "" {
				return nil, fmt.Errorf("%s: a tag that belongs to no test", fset.Position(comment.Pos()))
			}
			within, inside := strings.CutPrefix(name, "in ")
			if inside {
				within += named(lines, fset.Position(comment.Pos()).Line)
			}
			tags = append(tags, tag{file: file, test: within, rows: ids(found[1])})
		}
	}
	return tags, nil
}

// named is the name of the case on a line, or on the first line below that is not a tag itself; "" if there is none.
func named(lines []string, at int) string {
	for line := lines[at-1]; tagLine.MatchString(line) && at < len(lines); at++ {
		line = lines[at]
		if tagLine.MatchString(line) {
			continue
		}
		return quoted(line)
	}
	return quoted(lines[at-1])
}

func quoted(line string) string {
	if found := caseName.FindStringSubmatch(line); found != nil {
		return "/" + found[1] + found[2] + found[3] // one of them
	}
	return ""
}

// declared is the name of the function or variable that a comment stands above, or "in " and the name of the one that
// it stands in.
func declared(syntax *ast.File, pos token.Pos) string {
	for _, decl := range syntax.Decls {
		var doc *ast.CommentGroup
		name := ""
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			doc, name = decl.Doc, decl.Name.Name
		case *ast.GenDecl:
			doc = decl.Doc
			if spec, ok := decl.Specs[0].(*ast.ValueSpec); ok {
				name = spec.Names[0].Name
			}
		}
		switch {
		case doc != nil && doc.Pos() <= pos && pos < doc.End():
			return name
		case decl.Pos() <= pos && pos < decl.End():
			return "in " + name
		}
	}
	return ""
}

// scriptTags reads JavaScript: a tag stands above a test or a feature.
func scriptTags(file, text string) ([]tag, error) {
	var tags []tag
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		found := tagLine.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		name := strings.TrimPrefix(named(lines, i+1), "/")
		if name == "" {
			return nil, fmt.Errorf("%s:%d: a tag that belongs to no test", file, i+1)
		}
		tags = append(tags, tag{file: file, test: name, rows: ids(found[1])})
	}
	return tags, nil
}

// transcriptTags reads a transcript, which is one test.
func transcriptTags(file, text string) ([]tag, error) {
	var tags []tag
	for line := range strings.Lines(text) {
		if found := tagLine.FindStringSubmatch(strings.TrimSuffix(line, "\n")); found != nil {
			tags = append(tags, tag{file: file, test: strings.TrimSuffix(path.Base(file), ".txt"), rows: ids(found[1])})
		}
	}
	return tags, nil
}

func TestReadTags(t *testing.T) {
	const source = `package x

// TestA is about a.
//
// parity: 1 2
func TestA(t *testing.T) {
	rows := []struct{ name string }{
		// parity: 3
		{"first"},
		// parity: 4
		// parity: 5
		{name: "second"},
		{"one's third"}, // parity: 6
		// parity: 7
		{3},
	}
	// parity: 8
	t.Run("fourth", nil)
}

// parity: 9
var table = []string{}
`
	root := fstest.MapFS{
		"ws/a_test.go":               {Data: []byte(source)},
		"ws/a.go":                    {Data: []byte("package x\n\n// parity: 10\nfunc f() {}\n")},
		"test/transcripts/hello.txt": {Data: []byte("# A word.\n# parity: 11\nC: PING\n")},
		"test/other.txt":             {Data: []byte("# parity: 12\n")},
		"test/js/a.test.mjs":         {Data: []byte("// parity: 13\ntest('greets', () => {});\n")},
		"test/node_modules/b.mjs":    {Data: []byte("// parity: 14\ntest('greets', () => {});\n")},
	}
	got, err := readTags(root)
	want := []tag{
		{"test/js/a.test.mjs", "greets", []string{"13"}},
		{"test/transcripts/hello.txt", "hello", []string{"11"}},
		{"ws/a_test.go", "TestA", []string{"1", "2"}},
		{"ws/a_test.go", "TestA/first", []string{"3"}},
		{"ws/a_test.go", "TestA/second", []string{"4"}},
		{"ws/a_test.go", "TestA/second", []string{"5"}},
		{"ws/a_test.go", "TestA/one's third", []string{"6"}},
		{"ws/a_test.go", "TestA", []string{"7"}},
		{"ws/a_test.go", "TestA/fourth", []string{"8"}},
		{"ws/a_test.go", "table", []string{"9"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q, %v\nwant %q", got, err, want)
	}
	for _, bad := range []string{"package x\n\n// parity: 1\n\nfunc f() {}\n", "package x\nfunc {\n// parity: 1\n"} {
		if _, err := readTags(fstest.MapFS{"a_test.go": {Data: []byte(bad)}}); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

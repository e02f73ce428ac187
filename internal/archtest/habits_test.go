package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"regexp"
	"strings"
	"testing"
)

const (
	ruleSleep = "no sleep in tests"
	rulePath  = "no path of one machine"
)

func TestNoSleep(t *testing.T)       { keep(t, ruleSleep, checkSleep) }
func TestNoMachinePath(t *testing.T) { keep(t, rulePath, checkPaths) }

// checkSleep looks for time.Sleep in test files. Inside synctest.Test it only moves the fake clock, and is allowed.
func checkSleep(t *tree) (found []finding) {
	for _, f := range t.goFiles() {
		if !f.isTest() {
			continue
		}
		clock, bubble := localName(f.syntax, "time"), localName(f.syntax, "testing/synctest")
		ast.Inspect(f.syntax, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			switch {
			case ok && selects(call.Fun, bubble, "Test"):
				return false
			case ok && selects(call.Fun, clock, "Sleep"):
				found = append(found, finding{rule: ruleSleep, name: f.path, where: t.where(node.Pos()), text: "time.Sleep in a test"})
			}
			return true
		})
	}
	return found
}

// localName is the name under which a file uses an import, or "" when it does not import it.
func localName(syntax *ast.File, importPath string) string {
	for _, spec := range syntax.Imports {
		if spec.Path.Value != `"`+importPath+`"` {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return importPath[strings.LastIndex(importPath, "/")+1:]
	}
	return ""
}

// selects reports an expression pkg.name, or name alone after a dot import.
func selects(expr ast.Expr, pkg, name string) bool {
	switch expr := expr.(type) {
	case *ast.SelectorExpr:
		x, ok := expr.X.(*ast.Ident)
		return ok && pkg != "" && x.Name == pkg && expr.Sel.Name == name
	case *ast.Ident:
		return pkg == "." && expr.Name == name
	}
	return false
}

// machinePath is an absolute path into somebody's home, work or scratch folder. A path inside a URL is none.
var machinePath = regexp.MustCompile(`(^|[^\w./*-])/(home|root|Users|work|tmp)/[\w.-]|[A-Z]:\\+Users\\`)

func checkPaths(t *tree) (found []finding) {
	for _, f := range t.files {
		n := 0
		for line := range bytes.Lines(f.text) {
			n++
			if hit := machinePath.Find(line); hit != nil {
				found = append(found, finding{rule: rulePath, name: f.path, where: fmt.Sprintf("%s:%d", f.path, n), text: string(hit) + "…"})
			}
		}
	}
	return found
}

func TestNoSleepCanFail(t *testing.T) {
	finds(t, checkSleep, map[string]string{
		"ws/a.go":      "package ws\nimport \"time\"\nfunc f() { time.Sleep(1) }\n",
		"ws/a_test.go": "package ws\nimport (\"time\"; \"testing/synctest\")\nfunc f() { synctest.Test(nil, func() { time.Sleep(1) }) }\n",
		"ws/b_test.go": "package ws\nfunc f() { time.Sleep(1) }\n", // some other time, not the package
	})
	finds(t, checkSleep, map[string]string{
		"ws/a_test.go":   "package ws\nimport \"time\"\nfunc f() { time.Sleep(1) }\n",
		"ws/b_test.go":   "package ws\nimport clock \"time\"\nfunc f() { clock.Sleep(1) }\n",
		"ws/c_test.go":   "package ws\nimport . \"time\"\nfunc f() { Sleep(1) }\n",
		"test/go.mod":    "module weir/test\n",
		"test/d_test.go": "package test\nimport \"time\"\nvar _ = func() { for { time.Sleep(1) } }\n",
	}, "ws/a_test.go", "ws/b_test.go", "ws/c_test.go", "test/d_test.go")
}

func TestNoMachinePathCanFail(t *testing.T) {
	home := "/" + "home" + "/"
	finds(t, checkPaths, map[string]string{
		"README.md": "https://example.org" + home + "page and ./work/file and ${TMPDIR:-/" + "tmp}\n",
		"ws/a.go":   "package ws // a path such as /home or /etc/weir.conf\n",
	})
	finds(t, checkPaths, map[string]string{
		"README.md":    "see " + home + "ann/weir\n",
		"test/run.mjs": "x = '/" + "tmp/x'\n",
		"ws/a.go":      "package ws\nvar _ = \"C:\\\\" + "Users\\\\ann\"\n",
		".ci/run":      "cd /" + "work/main\n",
	}, "README.md", "test/run.mjs", "ws/a.go", ".ci/run")
}

package archtest

import (
	"fmt"
	"go/ast"
	"strings"
	"testing"
)

// The limits of design: what is larger has become two things.
const (
	maxFileLines        = 500
	maxFunctionLines    = 80
	maxStructFields     = 25
	maxInterfaceMethods = 5
	maxRoomLines        = 2500 // without its tests
)

const (
	ruleFile      = "file size"
	ruleFunction  = "function size"
	ruleStruct    = "struct fields"
	ruleInterface = "interface methods"
	ruleRoom      = "room size"
)

func TestFileSize(t *testing.T)         { keep(t, ruleFile, checkFiles) }
func TestFunctionSize(t *testing.T)     { keep(t, ruleFunction, checkFunctions) }
func TestStructFields(t *testing.T)     { keep(t, ruleStruct, checkStructs) }
func TestInterfaceMethods(t *testing.T) { keep(t, ruleInterface, checkInterfaces) }
func TestRoomSize(t *testing.T)         { keep(t, ruleRoom, checkRooms) }

// above makes a finding when size is over limit.
func above(found []finding, rule, name, where string, size, limit int, unit string) []finding {
	if size <= limit {
		return found
	}
	return append(found, finding{rule: rule, name: name, where: where, size: size,
		text: fmt.Sprintf("%s has %d %s, the limit is %d", name, size, unit, limit)})
}

func checkFiles(t *tree) (found []finding) {
	for _, f := range t.goFiles() {
		found = above(found, ruleFile, f.path, f.path, f.lines(), maxFileLines, "lines")
	}
	return found
}

// checkFunctions measures from the word func to the closing brace. A function inside a function counts with it; one that
// a package variable holds counts by itself.
func checkFunctions(t *tree) (found []finding) {
	for _, f := range t.goFiles() {
		for _, decl := range f.syntax.Decls {
			ast.Inspect(decl, func(node ast.Node) bool {
				var name string
				switch fn := node.(type) {
				case *ast.FuncDecl:
					name = f.folder() + "." + functionName(fn)
				case *ast.FuncLit:
					name = f.folder() + ".func"
				default:
					return true
				}
				size := t.fset.Position(node.End()).Line - t.fset.Position(node.Pos()).Line + 1
				found = above(found, ruleFunction, name, t.where(node.Pos()), size, maxFunctionLines, "lines")
				return false
			})
		}
	}
	return found
}

// functionName gives Type.Method for methods.
func functionName(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return fn.Name.Name
	}
	receiver := fn.Recv.List[0].Type
	for {
		switch typ := receiver.(type) {
		case *ast.StarExpr:
			receiver = typ.X
		case *ast.IndexExpr:
			receiver = typ.X
		case *ast.IndexListExpr:
			receiver = typ.X
		case *ast.Ident:
			return typ.Name + "." + fn.Name.Name
		default:
			return fn.Name.Name
		}
	}
}

// typesOf calls visit for every type expression in the Go files, with the name of the declared type it is part of, or of
// its file when it has none.
func (t *tree) typesOf(visit func(name string, expr ast.Expr)) {
	for _, f := range t.goFiles() {
		name := f.path
		ast.Inspect(f.syntax, func(node ast.Node) bool {
			switch node := node.(type) {
			case ast.Decl:
				name = f.path
			case *ast.TypeSpec:
				name = f.folder() + "." + node.Name.Name
			case *ast.StructType, *ast.InterfaceType:
				visit(name, node.(ast.Expr))
			}
			return true
		})
	}
}

func checkStructs(t *tree) (found []finding) {
	t.typesOf(func(name string, expr ast.Expr) {
		if s, ok := expr.(*ast.StructType); ok {
			found = above(found, ruleStruct, name, t.where(s.Pos()), members(s.Fields), maxStructFields, "fields")
		}
	})
	return found
}

func checkInterfaces(t *tree) (found []finding) {
	t.typesOf(func(name string, expr ast.Expr) {
		if i, ok := expr.(*ast.InterfaceType); ok {
			found = above(found, ruleInterface, name, t.where(i.Pos()), members(i.Methods), maxInterfaceMethods, "methods")
		}
	})
	return found
}

// members counts names; what is embedded counts as one.
func members(list *ast.FieldList) int {
	n := 0
	for _, field := range list.List {
		n += max(1, len(field.Names))
	}
	return n
}

func checkRooms(t *tree) (found []finding) {
	folders, groups := byFolder(t.goFiles())
	for _, room := range folders {
		lines := 0
		for _, f := range groups[room] {
			if !f.isTest() {
				lines += f.lines()
			}
		}
		found = above(found, ruleRoom, room, room, lines, maxRoomLines, "lines")
	}
	return found
}

// times repeats a line.
func times(n int, line string) string { return strings.Repeat(line+"\n", n) }

func TestFileSizeCanFail(t *testing.T) {
	finds(t, checkFiles, map[string]string{"ws/a.go": "package ws\n" + times(499, "//")})
	finds(t, checkFiles, map[string]string{
		"ws/a.go":         "package ws\n" + times(500, "//"),
		"ws/b_test.go":    "package ws\n" + times(499, "//") + "//",
		"bench/go.mod":    "module weir/bench\n",
		"bench/main.go":   "package main\n" + times(600, "//"),
		"ws/testdata/big": times(600, "x"),
	}, "ws/a.go", "ws/b_test.go", "bench/main.go")
}

func TestFunctionSizeCanFail(t *testing.T) {
	finds(t, checkFunctions, map[string]string{"ws/a.go": "package ws\nfunc f() {\n" + times(78, "//") + "}\n"})
	finds(t, checkFunctions, map[string]string{
		"ws/a.go": "package ws\nfunc f() {\n" + times(79, "//") + "}\n",
		"ws/b.go": "package ws\nfunc (t *Tree[V]) add() {\n" + times(79, "//") + "}\n",
		"ws/c.go": "package ws\nfunc (Map[K, V]) add() {\n_ = func() {\n" + times(90, "//") + "}\n}\n",
		"ws/d.go": "package ws\nvar hook = func() {\n" + times(79, "//") + "}\n",
	}, "ws.f", "ws.Tree.add", "ws.Map.add", "ws.func")
}

func TestStructFieldsCanFail(t *testing.T) {
	finds(t, checkStructs, map[string]string{"ws/a.go": "package ws\ntype s struct {\n" + times(12, "_, _ int") + "Other\n}\n"})
	finds(t, checkStructs, map[string]string{
		"ws/a.go": "package ws\ntype s struct {\n" + times(13, "_, _ int") + "}\n",
		"ws/b.go": "package ws\ntype g[V any] struct {\n" + times(25, "_ V") + "Other\n}\nvar v struct {\n" + times(26, "_ int") + "}\n",
	}, "ws.s", "ws.g", "ws/b.go")
}

func TestInterfaceMethodsCanFail(t *testing.T) {
	finds(t, checkInterfaces, map[string]string{"ws/a.go": "package ws\ntype i interface { A(); B(); C(); D(); Other }\n"})
	finds(t, checkInterfaces, map[string]string{
		"ws/a.go": "package ws\ntype i interface { A(); B(); C(); D(); E(); Other }\nfunc f(interface { A(); B(); C(); D(); E(); F() }) {}\n",
	}, "ws.i", "ws/a.go")
}

func TestRoomSizeCanFail(t *testing.T) {
	room := map[string]string{"ws/a_test.go": "package ws\n" + times(3000, "//")}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		room["ws/"+name+".go"] = "package ws\n" + times(499, "//")
	}
	finds(t, checkRooms, room)
	room["ws/f.go"] = "package ws\n"
	finds(t, checkRooms, room, "ws")
}

package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

// floors is the plan: a room may import rooms of a strictly lower floor. Rooms on one floor do not know each other.
var floors = map[string]int{
	"internal/inflate": -1, // the cellar: ws stands on it

	"ws":                0,
	"internal/proto":    0,
	"internal/msg":      0,
	"internal/subject":  0,
	"internal/conf":     0,
	"internal/console":  0,
	"internal/listener": 0,
	"internal/logline":  0,
	"internal/head":     0,
	"internal/parking":  0,
	"internal/runfile":  0,

	"internal/outbound":  1, // queues messages, so it stands on msg
	"internal/admission": 1, // counts refused upgrades, so it stands on ws
	"internal/ocsp":      1, // reads its own blocks, so it stands on conf

	"internal/transport": 2,
	"internal/account":   2,
	"internal/perm":      2,

	"internal/conn":     3,
	"internal/resolver": 3,
	"internal/auth":     3,
	"internal/front":    3,
	"internal/service":  3,

	"internal/client":   4,
	"internal/authfile": 4,
	"internal/tlsfile":  2,
	"internal/claims":   4,

	"internal/config":    5,
	"internal/monitor":   5,
	"internal/callout":   5, // reads and makes claims
	"internal/benchmark": 5,

	"internal/system": 6,

	"server": 7,

	"cmd/weir":      8,
	"examples/echo": 8,

	// Tests only: nothing can import them.
	"internal/archtest": 9,
	"internal/parity":   9,
}

const (
	ruleFloors  = "imports go to a lower floor"
	ruleCodec   = "ws imports the standard library, flate and inflate only"
	ruleTesting = "testing stays in test files"
	ruleCard    = "every room has its card in doc.go"
	ruleNames   = "names are words of the field"
)

// flateCodec is the one import of ws from outside the standard library and this module, inflater the one within it.
const (
	flateCodec = "github.com/klauspost/compress/flate"
	inflater   = "weir/internal/inflate"
)

// badNames say nothing about what is inside.
var badNames = []string{"util", "utils", "common", "helper", "helpers", "types", "base", "misc", "impl", "manager"}

func TestFloors(t *testing.T)        { keep(t, ruleFloors, checkFloors) }
func TestCodecImports(t *testing.T)  { keep(t, ruleCodec, checkCodec) }
func TestTestingImport(t *testing.T) { keep(t, ruleTesting, checkTesting) }
func TestCards(t *testing.T)         { keep(t, ruleCard, checkCards) }
func TestNames(t *testing.T)         { keep(t, ruleNames, checkNames) }

// checkFloors also wants every folder of the root module in the table, and every row of the table in the tree.
func checkFloors(t *tree) (found []finding) {
	folders, groups := byFolder(t.rootFiles())
	for _, room := range folders {
		floor, known := floors[room]
		if !known {
			found = append(found, finding{rule: ruleFloors, name: room, where: room, text: "has no floor in the table of floors_test.go"})
			continue
		}
		for _, f := range groups[room] {
			t.imports(f, func(imported, where string) {
				below, ours := strings.CutPrefix(imported, t.module+"/")
				if !ours || below == room && f.isTest() { // a test outside its package imports its own room
					return
				}
				if !lower(below, floor) {
					found = append(found, finding{rule: ruleFloors, name: room + " -> " + below, where: where,
						text: fmt.Sprintf("%s (%s) imports %s (%s)", room, floorOf(room), below, floorOf(below))})
				}
			})
		}
	}
	for room := range floors {
		if len(groups[room]) == 0 {
			found = append(found, finding{rule: ruleFloors, name: room, where: room, text: "is in the table but not in the tree"})
		}
	}
	return found
}

// lower reports a room that stands on a lower floor.
func lower(room string, floor int) bool {
	below, known := floors[room]
	return known && below < floor
}

func floorOf(room string) string {
	if floor, known := floors[room]; known {
		return fmt.Sprintf("floor %d", floor)
	}
	return "no floor"
}

// checkCodec leaves the tests of ws alone: an oracle may come from elsewhere.
func checkCodec(t *tree) (found []finding) {
	for _, f := range t.rootFiles() {
		if f.folder() != "ws" || f.isTest() {
			continue
		}
		t.imports(f, func(imported, where string) {
			if imported != flateCodec && imported != inflater && !standard(imported, t.module) {
				found = append(found, finding{rule: ruleCodec, name: imported, where: where, text: "ws imports " + imported})
			}
		})
	}
	return found
}

// standard reports import paths of the standard library: their first element has no dot.
func standard(importPath, module string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".") && first != module && importPath != "C"
}

func checkTesting(t *tree) (found []finding) {
	for _, f := range t.rootFiles() {
		if f.isTest() {
			continue
		}
		t.imports(f, func(imported, where string) {
			if imported == "testing" || strings.HasPrefix(imported, "testing/") {
				found = append(found, finding{rule: ruleTesting, name: f.folder(), where: where, text: "imports " + imported})
			}
		})
	}
	return found
}

func checkCards(t *tree) (found []finding) {
	folders, groups := byFolder(t.rootFiles())
	for _, room := range folders {
		i := slices.IndexFunc(groups[room], func(f file) bool { return path.Base(f.path) == "doc.go" })
		switch {
		case i < 0:
			found = append(found, finding{rule: ruleCard, name: room, where: room, text: "has no doc.go"})
		case !isCard(groups[room][i].syntax):
			found = append(found, finding{rule: ruleCard, name: room, where: groups[room][i].path,
				text: "has no package comment that starts with the room's name"})
		}
	}
	return found
}

// isCard reports a package comment in the form that go doc expects; a command may begin as it likes.
func isCard(syntax *ast.File) bool {
	comment := syntax.Doc.Text()
	name := syntax.Name.Name
	return comment != "" && (name == "main" || strings.HasPrefix(comment, "Package "+name+" "))
}

// checkNames looks at the names of folders, packages and files, of every module.
func checkNames(t *tree) (found []finding) {
	for _, f := range t.goFiles() {
		stem := strings.TrimSuffix(strings.TrimSuffix(path.Base(f.path), ".go"), "_test")
		for _, name := range []string{path.Base(f.folder()), strings.TrimSuffix(f.syntax.Name.Name, "_test"), stem} {
			if slices.Contains(badNames, name) {
				found = append(found, finding{rule: ruleNames, name: f.path, where: f.path, text: name + " does not say what is inside"})
				break
			}
		}
	}
	return found
}

// plan gives every room of the table a file, so that a test only has to add what it is about.
func plan(sources map[string]string) map[string]string {
	all := map[string]string{}
	for room := range floors {
		all[room+"/doc.go"] = "package x\n"
	}
	for p, text := range sources {
		all[p] = text
	}
	return all
}

func TestFloorsCanFail(t *testing.T) {
	finds(t, checkFloors, plan(nil))
	finds(t, checkFloors, plan(map[string]string{
		"server/a.go":              "package server\nimport (_ \"weir/ws\"; _ \"fmt\"; _ \"example.org/x\")\n",
		"internal/perm/a_test.go":  "package perm_test\nimport _ \"weir/internal/perm\"\n",
		"internal/outbound/out.go": "package outbound\nimport _ \"weir/internal/msg\"\n",
		"bench/go.mod":             "module weir/bench\n",
		"bench/main.go":            "package main\nimport _ \"weir/server\"\n",
	}))
	finds(t, checkFloors, plan(map[string]string{
		"internal/conn/a.go":      "package conn\nimport _ \"weir/internal/client\"\n",
		"internal/msg/b.go":       "package msg\nimport _ \"weir/internal/subject\"\n",
		"internal/auth/c_test.go": "package auth_test\nimport _ \"weir/internal/conn\"\n",
		"internal/perm/a.go":      "package perm\nimport _ \"weir/internal/perm\"\n",
		"internal/client/d.go":    "package client\nimport _ \"weir/internal/nowhere\"\n",
		"internal/attic/attic.go": "package attic\n",
	}), "internal/conn -> internal/client", "internal/msg -> internal/subject", "internal/auth -> internal/conn",
		"internal/perm -> internal/perm", "internal/client -> internal/nowhere", "internal/attic")
	missing := plan(nil)
	delete(missing, "ws/doc.go")
	finds(t, checkFloors, missing, "ws")
}

func TestCodecImportsCanFail(t *testing.T) {
	finds(t, checkCodec, map[string]string{
		"ws/a.go":      "package ws\nimport (_ \"io\"; _ \"github.com/klauspost/compress/flate\")\n",
		"ws/a_test.go": "package ws_test\nimport _ \"example.org/oracle\"\n",
		"server/a.go":  "package server\nimport _ \"example.org/x\"\n",
	})
	finds(t, checkCodec, map[string]string{
		"ws/a.go": "package ws\nimport (_ \"golang.org/x/net/http2\"; _ \"weir/internal/proto\"; _ \"C\")\n",
	}, "golang.org/x/net/http2", "weir/internal/proto", "C")
}

func TestTestingImportCanFail(t *testing.T) {
	finds(t, checkTesting, map[string]string{
		"ws/a_test.go":  "package ws\nimport _ \"testing\"\n",
		"bench/go.mod":  "module weir/bench\n",
		"bench/main.go": "package main\nimport _ \"testing\"\n",
	})
	finds(t, checkTesting, map[string]string{
		"ws/a.go":            "package ws\nimport _ \"testing\"\n",
		"internal/conn/a.go": "package conn\nimport _ \"testing/iotest\"\n",
	}, "ws", "internal/conn")
}

func TestCardsCanFail(t *testing.T) {
	finds(t, checkCards, map[string]string{
		"ws/doc.go":        "// Package ws is a codec.\npackage ws\n",
		"cmd/weir/doc.go":  "// Weir is a server.\npackage main\n",
		"cmd/weir/main.go": "package main\n",
	})
	finds(t, checkCards, map[string]string{
		"ws/frame.go":       "// Package ws is a codec.\npackage ws\n",
		"server/doc.go":     "package server\n",
		"cmd/weir/doc.go":   "package main\n",
		"internal/a/doc.go": "// A room.\npackage a\n",
		"internal/b/doc.go": "// Package b is cut off.\n\npackage b\n",
	}, "ws", "server", "cmd/weir", "internal/a", "internal/b")
}

func TestNamesCanFail(t *testing.T) {
	finds(t, checkNames, map[string]string{"ws/frame.go": "package ws\n", "ws/database.go": "package ws\n"})
	finds(t, checkNames, map[string]string{
		"internal/util/a.go":   "package clock\n",
		"internal/clock/a.go":  "package common\n",
		"ws/helpers.go":        "package ws\n",
		"ws/types_test.go":     "package ws_test\n",
		"bench/go.mod":         "module weir/bench\n",
		"bench/base/bottom.go": "package bottom\n",
	}, "internal/util/a.go", "internal/clock/a.go", "ws/helpers.go", "ws/types_test.go", "bench/base/bottom.go")
}

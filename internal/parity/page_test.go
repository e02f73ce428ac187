package parity

import (
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	root     = "../.." // of the checkout, from here
	listPath = "docs/parity.tsv"
	pagePath = "docs/parity.md"
)

var update = flag.Bool("update", false, "write "+pagePath)

// sections are the parts of the page; the key is what a row's id starts with.
var sections = []struct{ prefix, title string }{
	{"9.1.", "What nats-server's tests of its WebSocket room are about"},
	{"9.3.", "What its other tests say about WebSocket"},
	{"9.4.", "What it does not test"},
}

// checkout reads the list and the tags of this checkout.
func checkout(t *testing.T) ([]row, []tag) {
	t.Helper()
	files := os.DirFS(root)
	rows, err := readRows(files)
	if err != nil {
		t.Fatal(err)
	}
	tags, err := readTags(files)
	if err != nil {
		t.Fatal(err)
	}
	return rows, tags
}

// page renders docs/parity.md.
func page(rows []row, tags []tag) string {
	var b strings.Builder
	b.WriteString("# Parity\n\n<!-- Written by `go test ./internal/parity -update` from parity.tsv and the tags in our tests. -->\n\n")
	b.WriteString("What nats-server's own tests hold about WebSocket, and which test of ours holds it too. " +
		"Tests under `test/` run against both servers where the two should agree.\n\n")
	b.WriteString(summary(rows, tags))
	tests := byRow(tags)
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n| row | nats-server's test | what | ours |\n|---|---|---|---|\n", s.title)
		for _, r := range rows {
			if strings.HasPrefix(r.id, s.prefix) {
				fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.id, cell(r.reference), cell(r.what), ours(r, tests[r.id]))
			}
		}
	}
	return b.String()
}

// summary counts the rows.
func summary(rows []row, tags []tag) string {
	tests := byRow(tags)
	count := map[string]int{}
	for _, r := range rows {
		kind, rest := r.kind()
		switch {
		case kind == waits:
			count[rest]++
			count[waits]++
		case r.reason != "":
			count[kind]++
		case len(tests[r.id]) > 0:
			count["tested"]++
		}
	}
	var waiting []string
	for _, name := range unbuilt {
		if n := count[name]; n > 0 {
			waiting = append(waiting, fmt.Sprintf("%s %d", name, n))
		}
	}
	open := len(rows) - count["tested"] - count[better] - count[waits] - count[internal]
	return fmt.Sprintf("**%d rows: %d tested, %d tested and better on purpose, %d wait for what is not built (%s), "+
		"%d can not be seen from outside, %d open.**\n",
		len(rows), count["tested"], count[better], count[waits], strings.Join(waiting, ", "), count[internal], open)
}

// ours is the last cell of a row: links to its tests, or the reason.
func ours(r row, tests []tag) string {
	var parts []string
	for _, t := range tests {
		link := fmt.Sprintf("[%s %s](../%s)", path.Base(path.Dir(t.file)), cell(t.test), t.file)
		if !slices.Contains(parts, link) {
			parts = append(parts, link)
		}
	}
	text := strings.Join(parts, ", ")
	switch {
	case text == "" && r.reason == "":
		return "**open**"
	case text == "":
		return cell(r.reason)
	case r.reason != "":
		return text + "; " + cell(r.reason)
	}
	return text
}

// cell keeps text from ending a cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func TestPage(t *testing.T) {
	rows, tags := checkout(t)
	want := page(rows, tags)
	file := filepath.Join(root, filepath.FromSlash(pagePath))
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || strings.ReplaceAll(string(got), "\r\n", "\n") != want {
		t.Errorf("%s is not up to date, %v: go test ./internal/parity -update", pagePath, err)
	}
}

func TestEveryRowIsOnThePage(t *testing.T) {
	rows, _ := checkout(t)
	for _, r := range rows {
		if !slices.ContainsFunc(sections, func(s struct{ prefix, title string }) bool { return strings.HasPrefix(r.id, s.prefix) }) {
			t.Errorf("row %s is in no section", r.id)
		}
	}
}

func TestOurs(t *testing.T) {
	tested := []tag{{file: "ws/a_test.go", test: "TestA/x|y"}, {file: "ws/a_test.go", test: "TestA/x|y"}}
	for _, tt := range []struct {
		row   row
		tests []tag
		want  string
	}{
		{row{}, nil, "**open**"},
		{row{reason: "waits: MQTT"}, nil, "waits: MQTT"},
		{row{}, tested, `[ws TestA/x\|y](../ws/a_test.go)`},
		{row{reason: "better on purpose: z"}, tested, `[ws TestA/x\|y](../ws/a_test.go); better on purpose: z`},
	} {
		if got := ours(tt.row, tt.tests); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

package parity

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// advisoriesPath is a table: ids of advisories, what went wrong, and links to tests or what the row waits for.
const advisoriesPath = "docs/advisories.md"

var (
	advisoryLine = regexp.MustCompile(`(?m)^\s*(?://|#) advisory: (.*)$`)
	testLink     = regexp.MustCompile(`\[\w+ ([\w-]+)\]\(\.\./([^)]*)\)`)
)

// checkAdvisories returns what is wrong: a row without a test, a link to a test that does not name the advisory, and an
// advisory that a test names and no row links to it.
func checkAdvisories(root fs.FS) (wrong []string, err error) {
	text, err := fs.ReadFile(root, advisoriesPath)
	if err != nil {
		return nil, err
	}
	linked := map[string]bool{} // file and id
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(line, "|\n"), "|")
		if len(cells) != 3 || strings.Contains(line, "---") || strings.Contains(line, "| ours |") {
			continue
		}
		ids := strings.Split(strings.TrimSpace(cells[0]), ", ")
		links := testLink.FindAllStringSubmatch(cells[2], -1)
		if reason, waiting := strings.CutPrefix(strings.TrimSpace(cells[2]), waits+": "); len(links) == 0 && (!waiting || !slices.Contains(unbuilt, reason)) {
			wrong = append(wrong, fmt.Sprintf("%s: neither a test nor what it waits for", ids))
		}
		for _, link := range links {
			text, err := fs.ReadFile(root, link[2])
			if err != nil || !strings.Contains(string(text), "func "+link[1]+"(") && path.Base(link[2]) != link[1]+".txt" {
				wrong = append(wrong, fmt.Sprintf("%s: no test %s in %s", ids, link[1], link[2]))
			}
			for _, id := range ids {
				linked[link[2]+" "+id] = true
			}
		}
	}
	named := map[string]bool{}
	err = fs.WalkDir(root, ".", func(p string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && p != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(p, "_test.go") && !strings.HasSuffix(p, ".txt"):
			return nil
		}
		text, err := fs.ReadFile(root, p)
		for _, found := range advisoryLine.FindAllStringSubmatch(string(text), -1) {
			for _, id := range strings.Fields(found[1]) {
				named[p+" "+id] = true
			}
		}
		return err
	})
	return append(wrong, apart(named, linked)...), err
}

// apart is what is in one of two sets only.
func apart(named, linked map[string]bool) (wrong []string) {
	for key := range named {
		if !linked[key] {
			wrong = append(wrong, key+" is not in the table")
		}
	}
	for key := range linked {
		if !named[key] {
			wrong = append(wrong, key+": the file does not name it")
		}
	}
	slices.Sort(wrong)
	return wrong
}

func TestAdvisories(t *testing.T) {
	wrong, err := checkAdvisories(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Error(w)
	}
}

func TestAdvisoriesCanFail(t *testing.T) {
	wrong, err := checkAdvisories(fstest.MapFS{
		advisoriesPath: {Data: []byte("| advisory | what | ours |\n|---|---|---|\n| X-1 | a | [a TestA](../a/a_test.go) |\n| X-2 | b | soon |\n" +
			"| X-3 | c | [a TestB](../a/a_test.go), [t one](../t/one.txt) |\n| X-4 | d | waits: MQTT |\n")},
		"a/a_test.go": {Data: []byte("// advisory: X-1 X-5\nfunc TestA() {}\n")},
		"t/one.txt":   {Data: []byte("# advisory: X-3\n")},
	})
	want := []string{"[X-2]: neither a test nor what it waits for", "[X-3]: no test TestB in a/a_test.go",
		"a/a_test.go X-3: the file does not name it", "a/a_test.go X-5 is not in the table"}
	if err != nil || !slices.Equal(wrong, want) {
		t.Errorf("got %q, %v", wrong, err)
	}
}

package parity

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// row is one line of docs/parity.tsv.
type row struct {
	id string
	// reference is nats-server's own test, empty for what it does not test.
	reference string
	what      string
	// reason is why there is no test of ours, or why it wants something else; empty for most.
	reason string
}

// The kinds of reasons, before the colon.
const (
	waits    = "waits"
	internal = "internal"
	better   = "better on purpose"
)

// unbuilt are the capabilities that a row may wait for.
var unbuilt = []string{
	"leaf nodes", "MQTT", "system requests", "clusters", "JetStream",
}

// namedRow is another row in a reason.
var namedRow = regexp.MustCompile(`\brow (\S+)$`)

// kind returns the word of a reason, and what follows it.
func (r row) kind() (kind, rest string) {
	kind, rest, _ = strings.Cut(r.reason, ": ")
	return kind, rest
}

// readRows reads the list. The first line of the file names its columns.
func readRows(root fs.FS) ([]row, error) {
	text, err := fs.ReadFile(root, listPath)
	if err != nil {
		return nil, err
	}
	var rows []row
	seen := map[string]bool{}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for i, line := range lines[1:] {
		fields := strings.Split(line, "\t")
		if len(fields) != 3 && len(fields) != 4 {
			return nil, fmt.Errorf("%s:%d: %d columns", listPath, i+2, len(fields))
		}
		r := row{id: fields[0], reference: fields[1], what: fields[2]}
		if len(fields) == 4 {
			r.reason = fields[3]
		}
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", listPath, i+2, err)
		}
		if seen[r.id] {
			return nil, fmt.Errorf("%s:%d: row %s a second time", listPath, i+2, r.id)
		}
		seen[r.id] = true
		rows = append(rows, r)
	}
	return rows, nil
}

func (r row) check() error {
	if r.id == "" || r.what == "" {
		return fmt.Errorf("row %q has no id or says nothing", r.id)
	}
	kind, rest := r.kind()
	switch {
	case r.reason == "":
	case kind == waits && !slices.Contains(unbuilt, rest):
		return fmt.Errorf("row %s waits for %q, which is none of %q", r.id, rest, unbuilt)
	case kind != waits && kind != internal && kind != better || rest == "":
		return fmt.Errorf("row %s: reason %q", r.id, r.reason)
	}
	return nil
}

// settle says what is wrong with the rows and the tags together.
func settle(rows []row, tags []tag) (wrong []string) {
	tests := byRow(tags)
	known := map[string]bool{}
	for _, r := range rows {
		known[r.id] = true
		kind, _ := r.kind()
		tested := len(tests[r.id]) > 0
		switch {
		case r.reason == "" && !tested:
			wrong = append(wrong, fmt.Sprintf("row %s has no test and no reason: %s", r.id, r.what))
		case kind == better && !tested:
			wrong = append(wrong, fmt.Sprintf("row %s is better on purpose, but has no test that shows it", r.id))
		case kind != better && r.reason != "" && tested:
			wrong = append(wrong, fmt.Sprintf("row %s has a test in %s: its reason is no longer needed", r.id, tests[r.id][0].file))
		}
	}
	for _, r := range rows {
		if found := namedRow.FindStringSubmatch(r.reason); found != nil && !known[found[1]] {
			wrong = append(wrong, fmt.Sprintf("row %s names row %s, which is not there", r.id, found[1]))
		}
	}
	for _, t := range tags {
		for _, id := range t.rows {
			if !known[id] {
				wrong = append(wrong, fmt.Sprintf("%s: %s names row %s, which is not in %s", t.file, t.test, id, listPath))
			}
		}
	}
	return wrong
}

// byRow turns the tags around.
func byRow(tags []tag) map[string][]tag {
	tests := map[string][]tag{}
	for _, t := range tags {
		for _, id := range t.rows {
			tests[id] = append(tests[id], t)
		}
	}
	return tests
}

func TestEveryRowIsSettled(t *testing.T) {
	rows, tags := checkout(t)
	for _, text := range settle(rows, tags) {
		t.Error(text)
	}
}

func TestSettleCanFail(t *testing.T) {
	rows := []row{
		{id: "1", what: "tested"},
		{id: "2", what: "waits", reason: "waits: MQTT"},
		{id: "3", what: "open"},
		{id: "4", what: "tested, and waits", reason: "waits: MQTT"},
		{id: "5", what: "better, untested", reason: "better on purpose: why not"},
		{id: "6", what: "better", reason: "better on purpose: why not"},
		{id: "8", what: "private", reason: "internal: see row 1"},
		{id: "9", what: "private", reason: "internal: see row 10"},
	}
	wrong := settle(rows, []tag{{test: "TestA", rows: []string{"1", "4", "6"}}, {test: "TestB", rows: []string{"1", "7"}}})
	want := []string{"row 3 has no test", "row 4 has a test", "row 5 is better", "row 9 names row 10", ": TestB names row 7"}
	if len(wrong) != len(want) {
		t.Fatalf("got %q, want %q", wrong, want)
	}
	for i := range want {
		if !strings.HasPrefix(wrong[i], want[i]) {
			t.Errorf("got %q, want %q", wrong[i], want[i])
		}
	}
}

func TestRowsAreChecked(t *testing.T) {
	for _, r := range []row{
		{id: "1"}, {what: "x"}, {id: "1", what: "x", reason: "waits: spring"}, {id: "1", what: "x", reason: "internal"},
		{id: "1", what: "x", reason: "no: need"}, {id: "1", what: "x", reason: "internal: "},
	} {
		if r.check() == nil {
			t.Errorf("%+v is fine", r)
		}
	}
}

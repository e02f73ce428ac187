package conf

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// token is what the parser wraps every value in: where it stands, and whether a variable reference used it.
type token interface {
	Value() any
	Line() int
	Position() int
	SourceFile() string
	IsUsedVariable() bool
}

// Value is one key of a block, or one item of a list under the list's key.
type Value struct {
	Key string
	// V is a string, int64, float64, bool, time.Time, []any or map[string]any; see [Kind].
	V  any
	At Position

	variable bool // a reference used this key: it need not be a known one
}

// Variable reports whether a reference used the key: it need not mean anything where it stands.
func (v Value) Variable() bool { return v.variable }

// Empty reports whether v is a block, a list or a text without anything in it.
func (v Value) Empty() bool {
	switch x := v.V.(type) {
	case string:
		return x == ""
	case map[string]any:
		return len(x) == 0
	case []any:
		return len(x) == 0
	}
	return false
}

// Reader collects what is wrong with one configuration while its blocks are read.
type Reader struct {
	// Errors and Warnings are in the order in which they were found.
	Errors   Errors
	Warnings []string

	name string // of the file
}

// NewReader returns a Reader for the file name, which stands for values whose own file is not known.
func NewReader(name string) *Reader { return &Reader{name: name} }

// Fail reports something wrong at a place.
func (r *Reader) Fail(at Position, format string, args ...any) {
	r.Errors = append(r.Errors, &Error{at, fmt.Sprintf(format, args...)})
}

// Warn adds a line for the log.
func (r *Reader) Warn(text string) { r.Warnings = append(r.Warnings, text) }

// NotBuilt warns of a key whose feature is switched off because it is not built.
func (r *Reader) NotBuilt(key string) { r.Warn(NotBuilt(key)) }

// NotBuilt is the warning for such a feature.
func NotBuilt(key string) string { return key + ": not built yet, switched off" }

// Unknown reports that the key of v is not known, unless it stands for a variable.
func (r *Reader) Unknown(v Value) {
	if !v.variable {
		r.Fail(v.At, unknownField, v.Key)
	}
}

// Wrong reports a value of the wrong type, without showing it.
func (r *Reader) Wrong(v Value, want string) {
	r.Fail(v.At, "%s: expected %s, got %s", v.Key, want, Kind(v.V))
}

// Kind names the type of a parsed value.
func Kind(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case int64:
		return "an integer"
	case float64:
		return "a number"
	case bool:
		return "a boolean"
	case []any:
		return "a list"
	case map[string]any:
		return "a map"
	case time.Time:
		return "a date"
	}
	return "nothing"
}

// value unwraps v. Values from environment variables have no token and stand where their block stands.
func (r *Reader) value(key string, v any, block Position) Value {
	out := Value{Key: key, V: v, At: block}
	tk, ok := v.(token)
	if !ok {
		return out
	}
	out.V, out.variable = tk.Value(), tk.IsUsedVariable()
	out.At = Position{tk.SourceFile(), tk.Line(), tk.Position()}
	if out.At.File == "" {
		out.At.File = r.name
	}
	if out.At.Line == 1 {
		out.At.Column++ // the parser counts from the line feed before the line, which the first line lacks
	}
	out.At.Column = max(out.At.Column, 1)
	return out
}

// Members returns the keys of the block v in the order of the file, those of included files first.
func (r *Reader) Members(v Value) []Value {
	m, ok := v.V.(map[string]any)
	if !ok {
		r.Wrong(v, "a map")
		return nil
	}
	out := make([]Value, 0, len(m))
	for key, member := range m {
		out = append(out, r.value(key, member, v.At))
	}
	included := func(x Value) int {
		if x.At.File != v.At.File {
			return 0
		}
		return 1
	}
	slices.SortFunc(out, func(a, b Value) int {
		return cmp.Or(
			cmp.Compare(included(a), included(b)),
			cmp.Compare(a.At.File, b.At.File),
			cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.At.Column, b.At.Column),
			cmp.Compare(a.Key, b.Key),
		)
	})
	return out
}

// Items returns the items of the list v.
func (r *Reader) Items(v Value) ([]Value, bool) {
	list, ok := v.V.([]any)
	if !ok {
		r.Wrong(v, "a list")
		return nil, false
	}
	out := make([]Value, len(list))
	for i, item := range list {
		out[i] = r.value(v.Key, item, v.At)
	}
	return out, true
}

// Start is the place of the first key of a block; the parser knows where an item of a list ends.
func (r *Reader) Start(block Value) Position {
	if m := r.Members(block); len(m) > 0 {
		return m[0].At
	}
	return block.At
}

// Text reads a string.
func (r *Reader) Text(v Value) (string, bool) {
	s, ok := v.V.(string)
	if !ok {
		r.Wrong(v, "a string")
	}
	return s, ok
}

// Flag reads a boolean.
func (r *Reader) Flag(v Value) (bool, bool) {
	b, ok := v.V.(bool)
	if !ok {
		r.Wrong(v, "a boolean")
	}
	return b, ok
}

// Integer reads a whole number that fits an int of this machine.
func (r *Reader) Integer(v Value) (int64, bool) {
	n, ok := v.V.(int64)
	if !ok {
		r.Wrong(v, "an integer")
		return 0, false
	}
	if n > math.MaxInt || n < math.MinInt {
		r.Fail(v.At, "%s value is too big", v.Key)
		return 0, false
	}
	return n, true
}

// Texts reads a string or a list of strings.
func (r *Reader) Texts(v Value) ([]string, bool) {
	if s, ok := v.V.(string); ok {
		return []string{s}, true
	}
	if _, ok := v.V.([]any); !ok {
		r.Fail(v.At, "error parsing %s: unsupported type: expected a string or a list of strings, got %s", v.Key, Kind(v.V))
		return nil, false
	}
	items, _ := r.Items(v)
	out := make([]string, 0, len(items))
	for _, item := range items {
		s, ok := item.V.(string)
		if !ok {
			r.Fail(item.At, "error parsing %s: unsupported type in array: expected a string, got %s", v.Key, Kind(item.V))
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// Pairs reads a map of strings.
func (r *Reader) Pairs(v Value) (map[string]string, bool) {
	if _, ok := v.V.(map[string]any); !ok {
		r.Fail(v.At, "error parsing %s: unsupported type: expected a map, got %s", v.Key, Kind(v.V))
		return nil, false
	}
	out := make(map[string]string)
	for _, m := range r.Members(v) {
		s, ok := m.V.(string)
		if !ok {
			r.Fail(m.At, "error parsing %s key %s: unsupported type: expected a string, got %s", v.Key, m.Key, Kind(m.V))
			return nil, false
		}
		out[m.Key] = s
	}
	return out, true
}

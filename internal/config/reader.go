package config

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
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

// value is one key of a block, or one item of a list under the list's key.
type value struct {
	key string
	v   any
	at  Position
	// variable says that a reference used this key: it need not be a known one.
	variable bool
}

// reader collects what is wrong with one configuration while its blocks are read.
type reader struct {
	name     string
	errs     Errors
	warnings []string
}

// set reads v into t.
type set[T any] func(r *reader, t *T, v value)

// table holds the keys of one block. A row names its aliases in one string, separated by spaces, until split.
type table[T any] map[string]set[T]

// split gives each alias a row of its own.
func (t table[T]) split() table[T] {
	out := make(table[T], len(t))
	for names, set := range t {
		for name := range strings.FieldsSeq(names) {
			out[name] = set
		}
	}
	return out
}

// read applies the keys of the block v to t, in the order of the file.
func read[T any](r *reader, v value, keys table[T], t *T) { readOr(r, v, keys, t, unknownField) }

// readOr is read for a block with a text of its own for a key that is not known.
func readOr[T any](r *reader, v value, keys table[T], t *T, unknown string) {
	for _, m := range r.members(v) {
		if set, ok := keys[strings.ToLower(m.key)]; ok {
			set(r, t, m)
		} else if !m.variable {
			r.fail(m.at, unknown, m.key)
		}
	}
}

func (r *reader) fail(at Position, format string, args ...any) {
	r.errs = append(r.errs, &Error{at, fmt.Sprintf(format, args...)})
}

func (r *reader) warn(text string) { r.warnings = append(r.warnings, text) }

const unknownField = "unknown field %q"

func (r *reader) unknown(v value) {
	if !v.variable {
		r.fail(v.at, unknownField, v.key)
	}
}

// wrong reports a value of the wrong type, without showing it.
func (r *reader) wrong(v value, want string) {
	r.fail(v.at, "%s: expected %s, got %s", v.key, want, kind(v.v))
}

// kind names the type of a parsed value.
func kind(v any) string {
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
func (r *reader) value(key string, v any, block Position) value {
	out := value{key: key, v: v, at: block}
	tk, ok := v.(token)
	if !ok {
		return out
	}
	out.v, out.variable = tk.Value(), tk.IsUsedVariable()
	out.at = Position{tk.SourceFile(), tk.Line(), tk.Position()}
	if out.at.File == "" {
		out.at.File = r.name
	}
	if out.at.Line == 1 {
		out.at.Column++ // the parser counts from the line feed before the line, which the first line lacks
	}
	out.at.Column = max(out.at.Column, 1)
	return out
}

// members returns the keys of the block v in the order of the file, those of included files first.
func (r *reader) members(v value) []value {
	m, ok := v.v.(map[string]any)
	if !ok {
		r.wrong(v, "a map")
		return nil
	}
	out := make([]value, 0, len(m))
	for key, member := range m {
		out = append(out, r.value(key, member, v.at))
	}
	included := func(x value) int {
		if x.at.File != v.at.File {
			return 0
		}
		return 1
	}
	slices.SortFunc(out, func(a, b value) int {
		return cmp.Or(
			cmp.Compare(included(a), included(b)),
			cmp.Compare(a.at.File, b.at.File),
			cmp.Compare(a.at.Line, b.at.Line),
			cmp.Compare(a.at.Column, b.at.Column),
			cmp.Compare(a.key, b.key),
		)
	})
	return out
}

// items returns the items of the list v.
func (r *reader) items(v value) ([]value, bool) {
	list, ok := v.v.([]any)
	if !ok {
		r.wrong(v, "a list")
		return nil, false
	}
	out := make([]value, len(list))
	for i, item := range list {
		out[i] = r.value(v.key, item, v.at)
	}
	return out, true
}

func (r *reader) text(v value) (string, bool) {
	s, ok := v.v.(string)
	if !ok {
		r.wrong(v, "a string")
	}
	return s, ok
}

func (r *reader) flag(v value) (bool, bool) {
	b, ok := v.v.(bool)
	if !ok {
		r.wrong(v, "a boolean")
	}
	return b, ok
}

// integer reads a whole number that fits an int of this machine.
func (r *reader) integer(v value) (int64, bool) {
	n, ok := v.v.(int64)
	if !ok {
		r.wrong(v, "an integer")
		return 0, false
	}
	if n > math.MaxInt || n < math.MinInt {
		r.fail(v.at, "%s value is too big", v.key)
		return 0, false
	}
	return n, true
}

// texts reads a string or a list of strings.
func (r *reader) texts(v value) ([]string, bool) {
	if s, ok := v.v.(string); ok {
		return []string{s}, true
	}
	if _, ok := v.v.([]any); !ok {
		r.fail(v.at, "error parsing %s: unsupported type: expected a string or a list of strings, got %s", v.key, kind(v.v))
		return nil, false
	}
	items, _ := r.items(v)
	out := make([]string, 0, len(items))
	for _, item := range items {
		s, ok := item.v.(string)
		if !ok {
			r.fail(item.at, "error parsing %s: unsupported type in array: expected a string, got %s", v.key, kind(item.v))
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// pairs reads a map of strings.
func (r *reader) pairs(v value) (map[string]string, bool) {
	if _, ok := v.v.(map[string]any); !ok {
		r.fail(v.at, "error parsing %s: unsupported type: expected a map, got %s", v.key, kind(v.v))
		return nil, false
	}
	out := make(map[string]string)
	for _, m := range r.members(v) {
		s, ok := m.v.(string)
		if !ok {
			r.fail(m.at, "error parsing %s key %s: unsupported type: expected a string, got %s", v.key, m.key, kind(m.v))
			return nil, false
		}
		out[m.key] = s
	}
	return out, true
}

func text[T any](field func(*T) *string) set[T] {
	return func(r *reader, t *T, v value) {
		if s, ok := r.text(v); ok {
			*field(t) = s
		}
	}
}

func texts[T any](field func(*T) *[]string) set[T] {
	return func(r *reader, t *T, v value) {
		if s, ok := r.texts(v); ok {
			*field(t) = s
		}
	}
}

func pairs[T any](field func(*T) *map[string]string) set[T] {
	return func(r *reader, t *T, v value) {
		if m, ok := r.pairs(v); ok {
			*field(t) = m
		}
	}
}

func flag[T any](field func(*T) *bool) set[T] {
	return func(r *reader, t *T, v value) {
		if b, ok := r.flag(v); ok {
			*field(t) = b
		}
	}
}

func integer[T any](field func(*T) *int) set[T] {
	return func(r *reader, t *T, v value) {
		if n, ok := r.integer(v); ok {
			*field(t) = int(n)
		}
	}
}

func integer64[T any](field func(*T) *int64) set[T] {
	return func(r *reader, t *T, v value) {
		if n, ok := r.integer(v); ok {
			*field(t) = n
		}
	}
}

// wire reads a size that must fit the 31 bits of a size on the wire.
func wire[T any](field func(*T) *int) set[T] {
	return func(r *reader, t *T, v value) {
		n, ok := r.integer(v)
		if ok && n > math.MaxInt32 {
			r.fail(v.at, "%s value is too big", v.key)
			return
		}
		if ok {
			*field(t) = int(n)
		}
	}
}

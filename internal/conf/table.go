package conf

import (
	"math"
	"strings"
)

const unknownField = "unknown field %q"

// Set reads v into t.
type Set[T any] func(r *Reader, t *T, v Value)

// Table holds the keys of one block. A row names its aliases in one string, separated by spaces, until Split.
type Table[T any] map[string]Set[T]

// Split gives each alias a row of its own.
func (t Table[T]) Split() Table[T] {
	out := make(Table[T], len(t))
	for names, set := range t {
		for name := range strings.FieldsSeq(names) {
			out[name] = set
		}
	}
	return out
}

// Read applies the keys of the block v to t, in the order of the file.
func Read[T any](r *Reader, v Value, keys Table[T], t *T) { ReadOr(r, v, keys, t, unknownField) }

// ReadOr is Read for a block with a text of its own for a key that is not known.
func ReadOr[T any](r *Reader, v Value, keys Table[T], t *T, unknown string) {
	for _, m := range r.Members(v) {
		if set, ok := keys[strings.ToLower(m.Key)]; ok {
			set(r, t, m)
		} else if !m.variable {
			r.Fail(m.At, unknown, m.Key)
		}
	}
}

// Joined is all tables in one, with the aliases split.
func Joined[T any](tables ...Table[T]) Table[T] {
	out := make(Table[T])
	for _, t := range tables {
		for name, set := range t.Split() {
			out[name] = set
		}
	}
	return out
}

// Within is the table of a struct inside another one.
func Within[T, U any](t Table[U], field func(*T) *U) Table[T] {
	out := make(Table[T], len(t))
	for name, set := range t {
		out[name] = func(r *Reader, t *T, v Value) { set(r, field(t), v) }
	}
	return out
}

// Text sets a string.
func Text[T any](field func(*T) *string) Set[T] {
	return func(r *Reader, t *T, v Value) {
		if s, ok := r.Text(v); ok {
			*field(t) = s
		}
	}
}

// Texts sets a string or a list of strings.
func Texts[T any](field func(*T) *[]string) Set[T] {
	return func(r *Reader, t *T, v Value) {
		if s, ok := r.Texts(v); ok {
			*field(t) = s
		}
	}
}

// Pairs sets a map of strings.
func Pairs[T any](field func(*T) *map[string]string) Set[T] {
	return func(r *Reader, t *T, v Value) {
		if m, ok := r.Pairs(v); ok {
			*field(t) = m
		}
	}
}

// Flag sets a boolean.
func Flag[T any](field func(*T) *bool) Set[T] {
	return func(r *Reader, t *T, v Value) {
		if b, ok := r.Flag(v); ok {
			*field(t) = b
		}
	}
}

// Int sets an integer.
func Int[T any](field func(*T) *int) Set[T] {
	return func(r *Reader, t *T, v Value) {
		if n, ok := r.Integer(v); ok {
			*field(t) = int(n)
		}
	}
}

// Int64 sets an integer.
func Int64[T any](field func(*T) *int64) Set[T] {
	return func(r *Reader, t *T, v Value) {
		if n, ok := r.Integer(v); ok {
			*field(t) = n
		}
	}
}

// Wire sets a size that must fit the 31 bits of a size on the wire.
func Wire[T any](field func(*T) *int) Set[T] {
	return func(r *Reader, t *T, v Value) {
		n, ok := r.Integer(v)
		if ok && n > math.MaxInt32 {
			r.Fail(v.At, "%s value is too big", v.Key)
			return
		}
		if ok {
			*field(t) = int(n)
		}
	}
}

// Limit sets a number; "off" and "none" are -1, as is a switch that is off.
func Limit[T any](field func(*T) *int) Set[T] {
	read := Wire(field)
	return func(r *Reader, t *T, v Value) {
		if isNone(v.V) {
			*field(t) = -1
			return
		}
		read(r, t, v)
	}
}

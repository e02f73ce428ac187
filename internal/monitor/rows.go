package monitor

import (
	"math"
	"slices"
)

// firstRows keeps the first rows of an order among many, so that a page of a long list costs neither the memory nor the
// sorting of all of it.
type firstRows[T any] struct {
	keep    int
	compare func(a, b T) int
	rows    []T
}

// pageRows keeps the rows of a page and those before it.
func pageRows[T any](offset, limit int, compare func(a, b T) int) *firstRows[T] {
	keep := math.MaxInt
	if offset < math.MaxInt-limit {
		keep = offset + limit
	}
	return &firstRows[T]{keep: keep, compare: compare}
}

// sortAtLeast is how many rows are collected at least before those that are too many are dropped.
const sortAtLeast = 1024

func (f *firstRows[T]) add(row T) {
	f.rows = append(f.rows, row)
	if n := len(f.rows); n >= sortAtLeast && n/2 >= f.keep {
		f.cut()
	}
}

func (f *firstRows[T]) cut() {
	slices.SortFunc(f.rows, f.compare)
	if len(f.rows) > f.keep {
		clear(f.rows[f.keep:])
		f.rows = f.rows[:f.keep]
	}
}

// from is the rows of the page that starts at offset.
func (f *firstRows[T]) from(offset int) []T {
	f.cut()
	return f.rows[min(offset, len(f.rows)):]
}

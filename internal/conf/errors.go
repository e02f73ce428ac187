package conf

import (
	"fmt"
	"strings"
)

// Position is a place in a configuration file. Lines and columns count from 1; 0 means not known.
type Position struct {
	File         string
	Line, Column int
}

// String is file:line:column, as far as it is known.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Error is one thing wrong in a configuration file.
type Error struct {
	Position
	Text string
}

// Error is file:line:column: text.
func (e *Error) Error() string {
	if e.File == "" {
		return e.Text
	}
	return e.Position.String() + ": " + e.Text
}

// Errors is everything wrong in a configuration file, in the order of the file.
type Errors []*Error

// Error has one line per error.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find the single errors.
func (e Errors) Unwrap() []error {
	out := make([]error, len(e))
	for i, err := range e {
		out[i] = err
	}
	return out
}

package subject

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Errors of transforms.
var (
	// ErrTransformSubject refuses a source or a destination that is no subject, and two that do not end alike.
	ErrTransformSubject = errors.New("invalid subject")
	// ErrTransform is wrapped by all errors about a destination.
	ErrTransform = errors.New("invalid mapping destination")

	ErrTransformFunction   = fmt.Errorf("%w: unknown function", ErrTransform)
	ErrTransformSpace      = fmt.Errorf("%w: invalid transform", ErrTransform)
	ErrTransformIndex      = fmt.Errorf("%w: wildcard index out of range", ErrTransform)
	ErrTransformFewArgs    = fmt.Errorf("%w: not enough arguments passed to the function", ErrTransform)
	ErrTransformManyArgs   = fmt.Errorf("%w: too many arguments passed to the function", ErrTransform)
	ErrTransformArg        = fmt.Errorf("%w: function argument is invalid or in the wrong format", ErrTransform)
	ErrTransformReversible = fmt.Errorf("%w: the only mapping function allowed for import transforms is {{Wildcard()}}", ErrTransform)
	ErrTransformWildcards  = fmt.Errorf("%w: not using all of the token wildcard(s)", ErrTransform)
)

// TransformError says which token of a destination is wrong.
type TransformError struct {
	Token string
	Err   error
}

func (e *TransformError) Error() string { return fmt.Sprintf("%v in %s", e.Err, e.Token) }

func (e *TransformError) Unwrap() error { return e.Err }

// call is one token of a destination.
type call struct {
	name string // of the function, in lower case; empty for literal text
	text string // the literal text, or a delimiter
	from []int  // numbers of wildcards as written; once it is bound, places of tokens in the subject
	n    int32
}

// Functions by what they take.
var (
	indexAndNumber = []string{"splitfromleft", "splitfromright", "slicefromleft", "slicefromright", "left", "right"}
	sourceless     = []string{"", "partition", "random"} // may stand where the source has no wildcard
)

// parseCall reads one token. What begins with $ and has no number behind it is text: system subjects begin so.
func parseCall(token string) (call, error) {
	if len(token) > 1 && token[0] == '$' {
		if n, err := strconv.Atoi(token[1:]); err == nil {
			return call{name: "wildcard", from: []int{n}}, nil
		}
	}
	if len(token) <= 4 || !strings.HasPrefix(token, "{{") || !strings.HasSuffix(token, "}}") {
		return call{text: token}, nil
	}
	name, rest, ok := strings.Cut(strings.TrimSpace(token[2:len(token)-2]), "(")
	inner, closed := strings.CutSuffix(rest, ")")
	c := call{name: strings.ToLower(strings.TrimSpace(name))}
	if !ok || !closed {
		return c, ErrTransformFunction
	}
	args := strings.Split(inner, ",")
	switch {
	case c.name == "wildcard" && len(args) == 1 && args[0] == "":
		return c, ErrTransformFewArgs
	case c.name == "wildcard":
		return c, c.indexes(args, 1)
	case c.name == "partition":
		if err := c.number(args[0]); err != nil {
			return c, err
		}
		return c, c.indexes(args[1:], len(args)-1)
	case c.name == "random" && len(args) != 1:
		return c, ErrTransformFewArgs
	case c.name == "random":
		return c, c.number(args[0])
	case c.name != "split" && !slices.Contains(indexAndNumber, c.name):
		return c, ErrTransformFunction
	case len(args) < 2:
		return c, ErrTransformFewArgs
	case len(args) > 2:
		return c, ErrTransformManyArgs
	case c.name == "split":
		c.text = strings.TrimLeft(args[1], " ")
		if strings.ContainsAny(c.text, " .") {
			return c, ErrTransformArg
		}
		return c, c.indexes(args[:1], 1)
	}
	if err := c.number(args[1]); err != nil {
		return c, err
	}
	return c, c.indexes(args[:1], 1)
}

// indexes reads at most so many numbers of wildcards.
func (c *call) indexes(args []string, most int) error {
	if len(args) > most {
		return ErrTransformManyArgs
	}
	for _, arg := range args {
		n, err := strconv.Atoi(strings.TrimSpace(arg))
		if err != nil {
			return ErrTransformArg
		}
		c.from = append(c.from, n)
	}
	return nil
}

func (c *call) number(arg string) error {
	n, err := strconv.ParseInt(strings.TrimSpace(arg), 10, 32)
	if err != nil {
		return ErrTransformArg
	}
	c.n = int32(n)
	return nil
}

// bind turns the numbers of wildcards into places of tokens: wild are those of the source's wildcards.
func (c *call) bind(wild []int, full bool) error {
	if len(wild) == 0 && !full {
		if !slices.Contains(sourceless, c.name) {
			return ErrTransformIndex
		}
		c.from = nil
		return nil
	}
	for i, n := range c.from {
		switch {
		case n > len(wild):
			return ErrTransformIndex
		case n < 1:
			c.from[i] = 0 // nats-server takes it for the first token
		default:
			c.from[i] = wild[n-1]
		}
	}
	return nil
}

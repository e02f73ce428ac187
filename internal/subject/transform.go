package subject

import (
	"bytes"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Transform makes other subjects of those that match its source, for mappings, imports and exports (ADR-30). It never
// changes.
//
// A token of the destination is literal text, a wildcard of the source by its number ($1, {{wildcard(1)}}), or one of
//
//	{{partition(n[, 1, 2 …])}}                          0 to n-1, by the FNV-1a hash of those wildcards, or of all
//	{{splitFromLeft(1, at)}} {{splitFromRight(1, at)}}  the wildcard in two tokens
//	{{sliceFromLeft(1, n)}} {{sliceFromRight(1, n)}}    in tokens of n bytes
//	{{split(1, delimiter)}}                             in tokens between delimiters
//	{{left(1, n)}} {{right(1, n)}}                      its first, or last, n bytes
//	{{random(n)}}                                       0 to n-1
//
// Names of functions count in any case. A `>` at the end of both source and destination is what the subject has there.
type Transform struct {
	source, dest string
	tokens       int // of the source
	full         bool
	parts        []call
}

// NewTransform compiles a transform. An empty source is `>`. The errors wrap [ErrTransform] or [ErrTransformSubject].
func NewTransform(source, dest string) (*Transform, error) { return newTransform(source, dest, false) }

// NewReversible compiles one that [Transform.Reverse] can turn round: all wildcards of the source are in the destination,
// and there are no functions but wildcard.
func NewReversible(source, dest string) (*Transform, error) { return newTransform(source, dest, true) }

func newTransform(source, dest string, reversible bool) (*Transform, error) {
	if source == "" {
		source = ">"
	}
	if !tokensFull(source) || !tokensFull(dest) {
		return nil, ErrTransformSubject
	}
	in, out := strings.Split(source, "."), strings.Split(dest, ".")
	wild, full, ok := wildcards(in)
	stars, destFull, destOK := wildcards(out)
	if !ok || !destOK || len(stars) > 0 || full != destFull {
		return nil, ErrTransformSubject
	}
	t := &Transform{source: source, dest: dest, tokens: len(in), full: full}
	used := 0
	for _, token := range out {
		c, err := parseCall(token)
		if err == nil && c.name == "" && strings.ContainsAny(token, " \t\n\f\r") {
			err = ErrTransformSpace // it would end the subject in a line of the protocol
		}
		if err == nil {
			err = c.bind(wild, full)
		}
		if err == nil && reversible && (len(wild) > 0 || full) && c.name != "" && c.name != "wildcard" {
			err = ErrTransformReversible
		}
		if err != nil {
			return nil, &TransformError{token, err}
		}
		used += len(c.from)
		t.parts = append(t.parts, c)
	}
	if reversible && used < len(wild) {
		return nil, &TransformError{dest, ErrTransformWildcards}
	}
	if full {
		t.parts = t.parts[:len(t.parts)-1]
	}
	return t, nil
}

// wildcards are the places of `*` in tokens, and whether the last is `>`, which no other may be.
func wildcards(tokens []string) (stars []int, full, ok bool) {
	for i, token := range tokens {
		switch {
		case token == "*":
			stars = append(stars, i)
		case token == ">" && i+1 < len(tokens):
			return nil, false, false
		case token == ">":
			full = true
		}
	}
	return stars, full, true
}

// Source is the pattern of the subjects that are transformed, Dest what the transform was made of.
func (t *Transform) Source() string { return t.source }

// Dest is the destination as it was given.
func (t *Transform) Dest() string { return t.dest }

// Match reports whether a literal subject is transformed.
func (t *Transform) Match(subject []byte) bool { return Match(t.source, subject) }

// Append appends what subject becomes. The subject matches the source; of another one the bytes that are missing are left
// out.
func (t *Transform) Append(dst, subject []byte) []byte {
	for i := range t.parts {
		if i > 0 {
			dst = append(dst, '.')
		}
		dst = t.parts[i].append(dst, subject)
	}
	if !t.full {
		return dst
	}
	rest := subject
	for range t.tokens - 1 {
		_, rest, _ = cut(rest)
	}
	if len(t.parts) > 0 {
		dst = append(dst, '.')
	}
	return append(dst, rest...)
}

// Apply is Append for strings.
func (t *Transform) Apply(subject string) string { return string(t.Append(nil, []byte(subject))) }

// Reverse is the transform from the destinations back. It is nil if t is not reversible.
func (t *Transform) Reverse() *Transform {
	var back []string // for each wildcard of the destination its number there
	source := strings.Split(t.dest, ".")
	from := map[int]string{} // token of the source by the wildcard of the destination that it went to
	for i := range t.parts {
		if len(t.parts[i].from) == 0 {
			continue
		}
		if t.parts[i].name != "wildcard" {
			return nil
		}
		source[i] = "*"
		back = append(back, "$"+strconv.Itoa(len(back)+1))
		from[t.parts[i].from[0]] = back[len(back)-1]
	}
	dest := strings.Split(t.source, ".")
	for i, token := range dest {
		if token != "*" {
			continue
		}
		if dest[i] = from[i]; dest[i] == "" {
			return nil
		}
	}
	r, err := NewReversible(strings.Join(source, "."), strings.Join(dest, "."))
	if err != nil {
		return nil
	}
	return r
}

// Numbered gives the wildcards of a pattern their numbers: foo.*.* is foo.$1.$2 as a destination.
func Numbered(pattern string) string {
	tokens := strings.Split(pattern, ".")
	n := 0
	for i, token := range tokens {
		if token == "*" {
			n++
			tokens[i] = "$" + strconv.Itoa(n)
		}
	}
	return strings.Join(tokens, ".")
}

// append appends what the call makes of subject.
func (c *call) append(dst, subject []byte) []byte {
	if c.name == "" {
		return append(dst, c.text...)
	}
	switch c.name {
	case "partition":
		return strconv.AppendUint(dst, c.partition(subject), 10)
	case "random":
		if c.n == 0 {
			return append(dst, '0')
		}
		return strconv.AppendInt(dst, rand.Int64N(max(int64(c.n), -int64(c.n))), 10)
	}
	token := nth(subject, c.from[0])
	n := int(c.n)
	if c.name == "split" {
		return appendSplit(dst, token, c.text)
	}
	if c.name == "wildcard" || n <= 0 || n >= len(token) {
		return append(dst, token...)
	}
	switch c.name {
	case "left":
		return append(dst, token[:n]...)
	case "right":
		return append(dst, token[len(token)-n:]...)
	case "splitfromleft":
		return appendSlices(dst, token, n, len(token))
	case "splitfromright":
		return appendSlices(dst, token, len(token)-n, len(token))
	}
	first := n
	if c.name == "slicefromright" && len(token)%n > 0 {
		first = len(token) % n
	}
	return appendSlices(dst, token, first, n)
}

// appendSlices cuts token after first bytes, and then after each further n.
func appendSlices(dst, token []byte, first, n int) []byte {
	dst = append(dst, token[:first]...)
	for token = token[first:]; len(token) > 0; token = token[min(n, len(token)):] {
		dst = append(dst, '.')
		dst = append(dst, token[:min(n, len(token))]...)
	}
	return dst
}

// appendSplit cuts token at each delimiter; no token of the result is empty.
func appendSplit(dst, token []byte, delimiter string) []byte {
	start := len(dst)
	for len(token) > 0 {
		piece, rest, _ := bytes.Cut(token, []byte(delimiter))
		if len(delimiter) == 0 {
			piece, rest = token[:1], token[1:]
		}
		if len(piece) > 0 {
			if len(dst) > start {
				dst = append(dst, '.')
			}
			dst = append(dst, piece...)
		}
		token = rest
	}
	return dst
}

// partition is the number of the partition that subject belongs to.
func (c *call) partition(subject []byte) uint64 {
	if c.n == 0 {
		return 0
	}
	h := fnv.New32a()
	for _, i := range c.from {
		h.Write(nth(subject, i)) //nolint:errcheck // never fails
	}
	if len(c.from) == 0 {
		h.Write(subject) //nolint:errcheck // never fails
	}
	return uint64(h.Sum32() % uint32(c.n))
}

// nth is a token of subject; empty if there are not so many.
func nth(subject []byte, i int) []byte {
	token, rest, more := cut(subject)
	for ; i > 0; i-- {
		if !more {
			return nil
		}
		token, rest, more = cut(rest)
	}
	return token
}

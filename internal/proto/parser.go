package proto

import (
	"bytes"
	"slices"
)

// DefaultMaxControlLine is the limit of a control line where [Limits] names none.
const DefaultMaxControlLine = 4096

// firstBody is what the buffer of a body that did not come whole begins with, at most. It then doubles with what arrives:
// a PUB line that claims 64 MiB and sends nothing costs this much.
const firstBody = 32 << 10

// Limits is what a peer may send at this moment. The caller may change it between two calls of [Parser.Next].
type Limits struct {
	// MaxControlLine is the most bytes of arguments, between the blanks after the verb and the line end (of which one CR
	// does not count). 0 means DefaultMaxControlLine.
	MaxControlLine int
	// MaxPayload is the most bytes of a body, header included. 0 allows empty bodies only; negative means no limit.
	MaxPayload int
	// NoHeaders refuses HPUB. So does the reference until a CONNECT has said headers:true.
	NoHeaders bool
	// ConnectOnly refuses, at its first byte, any operation that can not be a CONNECT: for a peer that must authenticate
	// and has not. Nothing of a PUB is read then, let alone its body.
	ConnectOnly bool
}

func (l *Limits) maxControlLine() int {
	if l.MaxControlLine <= 0 {
		return DefaultMaxControlLine
	}
	return l.MaxControlLine
}

// A stage is where in an operation the parser stands.
type stage uint8

const (
	atVerb   stage = iota
	atGap          // behind a verb that must be followed by a blank
	atBlanks       // before the arguments
	atArgs         // in the arguments
	atTail         // in the part of a line that means nothing
	atBody         // in the body
	atCR           // at the CR that must follow a body
	atLF           // at the LF that must follow that
)

// Parser turns the bytes of one connection into operations. The zero value reads what a client sends.
//
// Between two operations it is 64 bytes and holds nothing. It is not safe for concurrent use.
type Parser struct {
	role  Role // 0 means RoleServer
	stage stage
	op    Op
	err   Error

	// An operation whose bytes have not all arrived.

	verbLen uint8         // bytes in verb
	verb    [maxVerb]byte // beginning of a verb
	total   int32         // size of the body
	line    []byte        // arguments, or their beginning; nil while they lie in the caller's chunk
	body    []byte        // beginning of the body; capacity at most total and a CR LF
}

// NewParser returns a parser for the side that role names.
func NewParser(role Role) Parser {
	return Parser{role: role}
}

// Buffered returns how many bytes of an unfinished operation the parser holds.
func (p *Parser) Buffered() int {
	return cap(p.line) + cap(p.body)
}

// Idle reports whether the next byte begins an operation. An idle parser owns no memory.
func (p *Parser) Idle() bool {
	return p.stage == atVerb && p.verbLen == 0
}

// Next takes one operation from in, fills a with it and returns the bytes behind it. If in ends before an operation does,
// a.Op is OpNone, rest is empty, and the parser has kept what it needs: the caller may reuse in. lim must not be nil.
//
// An error is an [Error] of this package and is final: it is returned by every later call, and a.Op is OpNone.
func (p *Parser) Next(in []byte, lim *Limits, a *Args) (rest []byte, err error) {
	short := p.stage == atVerb && p.verbLen == 0 && p.err == 0 && p.role != RoleClient && !lim.ConnectOnly
	if short && a.Op == OpPub && a.Reply == nil && !a.Owned {
		if n := nextPub(in, lim, a); n > 0 {
			return in[n:], nil
		}
	}
	a.clear()
	if short {
		if n := wholePub(in, lim, a); n > 0 {
			return in[n:], nil
		}
	}
	e := p.err
	for e == 0 && a.Op == OpNone && len(in) > 0 {
		in, e = p.step(in, lim, a)
	}
	if e != 0 {
		a.clear()
		*p = Parser{role: p.role, err: e}
		return in, e
	}
	return in, nil
}

// step advances by one stage. It consumes at least one byte, or changes the stage.
func (p *Parser) step(in []byte, lim *Limits, a *Args) ([]byte, Error) {
	switch p.stage {
	case atVerb:
		return p.readVerb(in, lim)
	case atGap:
		if !isBlank(in[0]) {
			return in, ErrUnknownOp
		}
		p.stage = atBlanks
		return in[1:], 0
	case atBlanks:
		for len(in) > 0 && isBlank(in[0]) {
			in = in[1:]
		}
		if len(in) > 0 {
			p.stage = atArgs
		}
		return in, 0
	case atArgs:
		return p.readArgs(in, lim, a)
	case atTail:
		return p.skipLine(in, a), 0
	case atBody:
		return p.readBody(in, a), 0
	default:
		return p.readEnd(in, lim, a)
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// readVerb finds the verb at the beginning of in, behind what is kept of it from earlier chunks.
func (p *Parser) readVerb(in []byte, lim *Limits) ([]byte, Error) {
	if lim.ConnectOnly && p.verbLen == 0 && in[0] != 'C' && in[0] != 'c' {
		return in, ErrAuthorization
	}
	role := p.role
	if role == 0 {
		role = RoleServer
	}
	kept := int(p.verbLen)
	b := in
	if kept > 0 {
		n := copy(p.verb[kept:], in)
		b = p.verb[:kept+n]
	}
	v, unfinished := findVerb(b, role)
	switch {
	case unfinished: // b is shorter than a verb, so that it fits and was all of in
		p.verbLen = uint8(copy(p.verb[:], b))
		return in[len(in):], 0
	case v == nil:
		return in, ErrUnknownOp
	}
	p.verbLen = 0
	p.op = v.op
	in = in[len(v.name)-kept:]
	switch v.shape {
	case shapeArgs:
		p.stage = atGap
		if len(in) > 1 && isBlank(in[0]) && !isBlank(in[1]) { // one blank, as everybody writes it: two stages less
			p.stage = atArgs
			in = in[1:]
		}
	case shapeJSON:
		p.stage = atBlanks
	case shapeBare:
		p.stage = atTail
	}
	return in, 0
}

// skipLine ends an operation without arguments at the line end.
func (p *Parser) skipLine(in []byte, a *Args) []byte {
	end := bytes.IndexByte(in, '\n')
	if end < 0 {
		return in[len(in):]
	}
	p.stage = atVerb
	a.Op = p.op
	return in[end+1:]
}

// readArgs collects the arguments up to the line end, and reads them when they are complete.
func (p *Parser) readArgs(in []byte, lim *Limits, a *Args) ([]byte, Error) {
	end := bytes.IndexByte(in, '\n')
	piece := in
	if end >= 0 {
		piece = in[:end]
	}
	// The limit is checked before the bytes are kept. A CR at the end may be half of the line end: it does not count.
	size := len(p.line) + len(piece)
	if size > lim.maxControlLine() {
		cr := len(piece) > 0 && piece[len(piece)-1] == '\r' ||
			len(piece) == 0 && p.line[len(p.line)-1] == '\r'
		if !cr || size-1 > lim.maxControlLine() {
			return in, ErrMaxControlLine
		}
	}
	if end < 0 {
		p.line = append(p.line, in...)
		return in[len(in):], 0
	}
	line := piece
	if p.line != nil {
		line = append(p.line, piece...)
		p.line = nil
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return p.endLine(line, in[end+1:], lim, a)
}

// endLine reads a complete line of arguments. If a body follows and is whole in rest, that is taken as well.
func (p *Parser) endLine(line, rest []byte, lim *Limits, a *Args) ([]byte, Error) {
	line = line[:len(line):len(line)]
	total, e := parseArgs(p.op, line, lim, a)
	if e != 0 {
		return rest, e
	}
	if !p.op.hasBody() {
		p.stage = atVerb
		a.Op = p.op
		return rest, 0
	}
	if len(rest) >= total+2 {
		if rest[total] != '\r' || rest[total+1] != '\n' {
			return rest, ErrNoCRLF
		}
		a.Body = rest[:total:total]
		p.stage = atVerb
		a.Op = p.op
		return rest[total+2:], 0
	}
	a.clear() // its slices may lie in the caller's chunk; they are read again when the body is there
	p.line = slices.Clone(line)
	p.total = int32(total) // at most 999,999,999
	p.stage = atBody
	if total == 0 {
		p.stage = atCR
	}
	return rest, 0
}

// readBody collects a body that did not come whole into a buffer of its own.
func (p *Parser) readBody(in []byte, a *Args) []byte {
	have, total := len(p.body), int(p.total)
	n := min(total-have, len(in))
	if whole := total + len(CRLF); have == 0 && whole <= cap(a.spare) && cap(a.spare) <= 2*whole {
		p.body, a.spare = a.spare, nil
	}
	if cap(p.body)-have < n {
		grown := min(total+len(CRLF), max(firstBody, 2*cap(p.body), have+n))
		body := make([]byte, have, grown)
		copy(body, p.body)
		p.body = body
	}
	p.body = append(p.body, in[:n]...)
	if have+n == total {
		p.stage = atCR
	}
	return in[n:]
}

// readEnd checks the CR LF behind a collected body, and hands the operation out.
func (p *Parser) readEnd(in []byte, lim *Limits, a *Args) ([]byte, Error) {
	if p.stage == atCR {
		if in[0] != '\r' {
			return in, ErrNoCRLF
		}
		p.stage = atLF
		return in[1:], 0
	}
	if in[0] != '\n' {
		return in, ErrNoCRLF
	}
	// The line was accepted under the limits of its time. A limit lowered since then is for the next operation.
	was := Limits{MaxPayload: -1}
	if _, e := parseArgs(p.op, p.line, &was, a); e != 0 {
		return in, e
	}
	a.Body, a.Owned = p.body, true
	p.line, p.body, p.total = nil, nil, 0
	p.stage = atVerb
	a.Op = p.op
	return in[1:], 0
}

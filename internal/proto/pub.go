package proto

import (
	"encoding/binary"
	"math/bits"
)

// pubVerb and hpubVerb are the first four bytes of an operation.
const (
	pubVerb  = 'P' | 'U'<<8 | 'B'<<16 | ' '<<24
	hpubVerb = 'H' | 'P'<<8 | 'U'<<16 | 'B'<<24
)

// wholePub reads a PUB or HPUB that lies whole at the front of in and is written as clients write it: the verb in upper case,
// single spaces, CR LF. It fills a, which is clear, and returns the length of the operation. For everything else, also for what
// is against the rules, it returns 0 and leaves a as it is: the stages of [Parser.Next] read that.
func wholePub(in []byte, lim *Limits, a *Args) int {
	if len(in) < len("PUB s 0\r\n\r\n") {
		return 0
	}
	op, first, most := OpPub, len("PUB "), 3
	switch verb := binary.LittleEndian.Uint32(in); {
	case verb == pubVerb:
	case verb == hpubVerb && in[4] == ' ' && !lim.NoHeaders:
		op, first, most = OpHPub, len("HPUB "), 4
	default:
		return 0
	}
	var start [5]int // of the arguments in in, and of what follows them
	n, at := 0, first
	for n < most {
		end := tokenEnd(in, at)
		if end == at {
			return 0
		}
		start[n] = at
		n, at = n+1, end+1
		if at >= len(in) {
			return 0
		}
		if in[end] != ' ' {
			break
		}
	}
	start[n] = at
	line := at - 1 // the end of the arguments
	if in[line] != '\r' || in[at] != '\n' || n < most-1 || line-first > lim.maxControlLine() {
		return 0
	}
	size, ok := parseSize(in[start[n-1]:line])
	end := at + 1 + size
	if !ok || lim.MaxPayload >= 0 && size > lim.MaxPayload || end+1 >= len(in) || in[end] != '\r' || in[end+1] != '\n' {
		return 0
	}
	header := 0
	if op == OpHPub {
		if header, ok = parseSize(in[start[n-2] : start[n-1]-1]); !ok || header > size {
			return 0
		}
	}
	a.Op, a.HeaderLen = op, header
	a.Line = in[first:line:line]
	subject := start[1] - 1
	a.Subject = in[first:subject:subject]
	if n == most {
		reply := start[2] - 1
		a.Reply = in[start[1]:reply:reply]
	}
	a.Body = in[at+1 : end : end]
	return end + 2
}

// nextPub is wholePub for a PUB without a reply, to the same subject as the operation that a holds, which was of that kind
// too: a stream to one subject is compared and not read again.
func nextPub(in []byte, lim *Limits, a *Args) int {
	const first = len("PUB ")
	subject := first + len(a.Subject)
	if len(in) < subject+len(" 0\r\n\r\n") || binary.LittleEndian.Uint32(in) != pubVerb ||
		string(in[first:subject]) != string(a.Subject) || in[subject] != ' ' {
		return 0
	}
	size, at := 0, subject+1
	for ; at < len(in)-3; at++ {
		c := in[at] - '0'
		if c > 9 {
			break
		}
		size = size*10 + int(c)
	}
	digits := at - subject - 1
	if digits > maxDigits || digits == 0 || at-first > lim.maxControlLine() || lim.MaxPayload >= 0 && size > lim.MaxPayload {
		return 0
	}
	body := at + 2
	end := body + size
	if end+1 >= len(in) || in[at] != '\r' || in[at+1] != '\n' || in[end] != '\r' || in[end+1] != '\n' {
		return 0
	}
	a.Line = in[first:at:at]
	a.Subject = in[first:subject:subject]
	a.Body = in[body:end:end]
	return end + 2
}

// Repeated reads a PUB at the front of in, whole and with the very line of the one that a holds, which has no reply and lies in the
// same chunk. It makes its body that of a and returns the length of the operation; 0 if what follows is anything else. The
// parser need not know: it stands between two operations before and after.
func (a *Args) Repeated(in []byte) int {
	const first = len("PUB ")
	line := first + len(a.Line)
	end := line + len(a.Body) + 2
	if len(in) < end+2 || a.Op != OpPub || len(a.Line) == 0 || a.Owned || a.Reply != nil || binary.LittleEndian.Uint32(in) != pubVerb ||
		string(in[first:line]) != string(a.Line) || in[line] != '\r' || in[line+1] != '\n' || in[end] != '\r' || in[end+1] != '\n' {
		return 0
	}
	a.Body = in[line+2 : end : end]
	return end + 2
}

// tokenEnd returns the place of the first blank or control character in in from at on, len(in) if there is none.
func tokenEnd(in []byte, at int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; at+8 <= len(in); at += 8 {
		w := binary.LittleEndian.Uint64(in[at:])
		// The top bit of each byte up to ' ', and maybe of some above the first of those.
		if low := (w - ones*(' '+1)) &^ w & tops; low != 0 {
			return at + bits.TrailingZeros64(low)/8
		}
	}
	for at < len(in) && in[at] > ' ' {
		at++
	}
	return at
}

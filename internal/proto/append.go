package proto

import "strconv"

// Whole operations without arguments, and the line end behind a body.
const (
	Ping = "PING\r\n"
	Pong = "PONG\r\n"
	OK   = "+OK\r\n"
	CRLF = "\r\n"
)

// AppendMsgLine appends the line MSG subject sid [reply] total, or HMSG with the header's length in front of the total if
// hdrLen is above 0. The body and its CR LF follow it.
func AppendMsgLine[S string | []byte](dst, subject []byte, sid S, reply []byte, hdrLen, total int) []byte {
	if hdrLen > 0 {
		dst = append(dst, "HMSG "...)
	} else {
		dst = append(dst, "MSG "...)
	}
	dst = append(dst, subject...)
	dst = append(dst, ' ')
	dst = append(dst, sid...)
	dst = append(dst, ' ')
	return appendSizes(dst, reply, hdrLen, total)
}

// AppendPub appends the line PUB subject [reply] size. The body and its CR LF follow it.
func AppendPub(dst, subject, reply []byte, size int) []byte {
	dst = append(dst, "PUB "...)
	dst = append(dst, subject...)
	dst = append(dst, ' ')
	return appendSizes(dst, reply, 0, size)
}

// AppendHPub appends the line HPUB subject [reply] header-size total-size. Header, payload and their CR LF follow it.
func AppendHPub(dst, subject, reply []byte, hdrLen, total int) []byte {
	dst = append(dst, "HPUB "...)
	dst = append(dst, subject...)
	dst = append(dst, ' ')
	if len(reply) > 0 {
		dst = append(dst, reply...)
		dst = append(dst, ' ')
	}
	dst = AppendInt(dst, hdrLen)
	dst = append(dst, ' ')
	dst = AppendInt(dst, total)
	return append(dst, CRLF...)
}

// appendSizes ends a line that is followed by a body.
func appendSizes(dst, reply []byte, hdrLen, total int) []byte {
	if len(reply) > 0 {
		dst = append(dst, reply...)
		dst = append(dst, ' ')
	}
	if hdrLen > 0 {
		dst = AppendInt(dst, hdrLen)
		dst = append(dst, ' ')
	}
	dst = AppendInt(dst, total)
	return append(dst, CRLF...)
}

// AppendSub appends SUB subject [queue] sid.
func AppendSub(dst, subject, queue, sid []byte) []byte {
	dst = append(dst, "SUB "...)
	dst = append(dst, subject...)
	dst = append(dst, ' ')
	if len(queue) > 0 {
		dst = append(dst, queue...)
		dst = append(dst, ' ')
	}
	dst = append(dst, sid...)
	return append(dst, CRLF...)
}

// AppendUnsub appends UNSUB sid [max]; max 0 means at once and is not written.
func AppendUnsub(dst, sid []byte, max int) []byte {
	dst = append(dst, "UNSUB "...)
	dst = append(dst, sid...)
	if max > 0 {
		dst = append(dst, ' ')
		dst = AppendInt(dst, max)
	}
	return append(dst, CRLF...)
}

// AppendInt appends n in decimal. strconv is as fast as a loop of our own for the sizes that occur (BenchmarkAppendInt).
func AppendInt(dst []byte, n int) []byte {
	return strconv.AppendInt(dst, int64(n), 10)
}

package proto

// maxDigits is the length of the longest size that is read: 999,999,999. Leading zeros count.
const maxDigits = 9

// parseSize reads a decimal size. It returns false for anything but one to nine digits.
func parseSize(b []byte) (int, bool) {
	if len(b) == 0 || len(b) > maxDigits {
		return 0, false
	}
	n := 0
	for _, c := range b {
		c -= '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int(c)
	}
	return n, true
}

// maxFields is one more than any operation has arguments, so that too many are seen.
const maxFields = 6

// A field is where an argument lies in its line.
type field struct{ start, end int }

func (f field) of(line []byte) []byte { return line[f.start:f.end:f.end] }

// fields cuts a line at spaces and tabs, and at CR if cr says so. It stops after maxFields.
func fields(line []byte, cr bool, out *[maxFields]field) (n int) {
	start := -1
	for i, c := range line {
		if c > ' ' || c != ' ' && c != '\t' && (c != '\r' || !cr) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			out[n] = field{start, i}
			if n++; n == maxFields {
				return n
			}
			start = -1
		}
	}
	if start >= 0 {
		out[n] = field{start, len(line)}
		n++
	}
	return n
}

// parseArgs fills a, but for Op and Body, from the arguments of op, and returns the size of the body that follows.
func parseArgs(op Op, line []byte, lim *Limits, a *Args) (total int, e Error) {
	a.Line = line
	switch op {
	case OpPub:
		return parsePub(line, lim, a)
	case OpHPub:
		if lim.NoHeaders {
			return 0, ErrNoHeaders
		}
		return parseHPub(line, lim, a)
	case OpMsg:
		return parseMsg(line, lim, a)
	case OpHMsg:
		return parseHMsg(line, lim, a)
	case OpSub:
		return 0, parseSub(line, a)
	case OpUnsub:
		return 0, parseUnsub(line, a)
	}
	return 0, 0
}

// parsePub reads: subject [reply] size.
func parsePub(line []byte, lim *Limits, a *Args) (int, Error) {
	var f [maxFields]field
	n := fields(line, false, &f)
	switch n {
	case 2:
	case 3:
		a.Reply = f[1].of(line)
	default:
		return 0, ErrBadArguments
	}
	a.Subject = f[0].of(line)
	return bodySize(nil, f[n-1].of(line), lim, a)
}

// parseHPub reads: subject [reply] header-size total-size.
func parseHPub(line []byte, lim *Limits, a *Args) (int, Error) {
	var f [maxFields]field
	n := fields(line, false, &f)
	switch n {
	case 3:
	case 4:
		a.Reply = f[1].of(line)
	default:
		return 0, ErrBadArguments
	}
	a.Subject = f[0].of(line)
	return bodySize(f[n-2].of(line), f[n-1].of(line), lim, a)
}

// parseMsg reads: subject sid [reply] size.
func parseMsg(line []byte, lim *Limits, a *Args) (int, Error) {
	var f [maxFields]field
	n := fields(line, false, &f)
	switch n {
	case 3:
	case 4:
		a.Reply = f[2].of(line)
	default:
		return 0, ErrBadArguments
	}
	a.Subject, a.SID = f[0].of(line), f[1].of(line)
	return bodySize(nil, f[n-1].of(line), lim, a)
}

// parseHMsg reads: subject sid [reply] header-size total-size.
func parseHMsg(line []byte, lim *Limits, a *Args) (int, Error) {
	var f [maxFields]field
	n := fields(line, false, &f)
	switch n {
	case 4:
	case 5:
		a.Reply = f[2].of(line)
	default:
		return 0, ErrBadArguments
	}
	a.Subject, a.SID = f[0].of(line), f[1].of(line)
	return bodySize(f[n-2].of(line), f[n-1].of(line), lim, a)
}

// bodySize reads the sizes at the end of a line; header is nil where there is none. The order of the checks decides what
// the peer is told when several things are wrong: a bad size closes silently, a large one is a violation.
func bodySize(header, total []byte, lim *Limits, a *Args) (int, Error) {
	if header != nil {
		h, ok := parseSize(header)
		if !ok {
			return 0, ErrBadArguments
		}
		a.HeaderLen = h
	}
	size, ok := parseSize(total)
	if !ok || a.HeaderLen > size {
		return 0, ErrBadArguments
	}
	if lim.MaxPayload >= 0 && size > lim.MaxPayload {
		return 0, ErrMaxPayload
	}
	return size, 0
}

// parseSub reads: subject [queue] sid.
func parseSub(line []byte, a *Args) Error {
	var f [maxFields]field
	n := fields(line, true, &f)
	switch n {
	case 2:
	case 3:
		a.Queue = f[1].of(line)
	default:
		return ErrBadArguments
	}
	a.Subject, a.SID = f[0].of(line), f[n-1].of(line)
	return 0
}

// parseUnsub reads: sid [max].
func parseUnsub(line []byte, a *Args) Error {
	var f [maxFields]field
	switch fields(line, true, &f) {
	case 1:
	case 2:
		a.Max, _ = parseSize(f[1].of(line)) // unreadable is 0, at once: so does the reference
	default:
		return ErrBadArguments
	}
	a.SID = f[0].of(line)
	return 0
}

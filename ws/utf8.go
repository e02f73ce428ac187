package ws

import "unicode/utf8"

// UTF8 checks a text message that comes in pieces, cut anywhere: a text message has to be UTF-8 as a whole
// (RFC 6455 §8.1). It keeps what a cut character still lacks, and no bytes. The zero value is ready for the first piece.
type UTF8 struct {
	lack   uint8 // continuation bytes that the last character still needs
	lo, hi byte  // the range of the next one
}

// Valid takes the next piece. It is false as soon as the bytes so far can not become UTF-8 whatever follows, so a bad
// message can be refused before its end. It stays false until End or Reset.
func (u *UTF8) Valid(p []byte) bool {
	p, ok := u.finish(p)
	if !ok || len(p) == 0 {
		return ok
	}
	whole := len(p) - cutCharacter(p)
	if !utf8.Valid(p[:whole]) {
		return u.refuse()
	}
	if p = p[whole:]; len(p) == 0 {
		return true
	}
	u.start(p[0])
	_, ok = u.finish(p[1:])
	return ok
}

// End reports whether the message may end here, and is ready for the next one.
func (u *UTF8) End() bool {
	whole := u.lack == 0
	u.Reset()
	return whole
}

// Reset forgets the message.
func (u *UTF8) Reset() { *u = UTF8{} }

// finish takes from the front of p what the last character lacks.
func (u *UTF8) finish(p []byte) (rest []byte, ok bool) {
	for ; u.lack > 0 && len(p) > 0; p = p[1:] {
		if p[0] < u.lo || p[0] > u.hi {
			return nil, u.refuse()
		}
		u.lack--
		u.lo, u.hi = 0x80, 0xbf
	}
	return p, true
}

// refuse leaves a state that no byte continues.
func (u *UTF8) refuse() bool {
	*u = UTF8{lack: 1, lo: 0xff}
	return false
}

// start begins a character of which only the first byte, from C2 to F4, is known. Some of those narrow the range of the
// second: no overlong forms, no surrogates, nothing above U+10FFFF (RFC 3629 §4).
func (u *UTF8) start(first byte) {
	u.lack, u.lo, u.hi = uint8(characterLen(first)-1), 0x80, 0xbf
	switch first {
	case 0xe0:
		u.lo = 0xa0
	case 0xed:
		u.hi = 0x9f
	case 0xf0:
		u.lo = 0x90
	case 0xf4:
		u.hi = 0x8f
	}
}

// characterLen is the number of bytes of a character by its first; 1 also for those that begin none.
func characterLen(first byte) int {
	switch {
	case first < 0xc2 || first > 0xf4:
		return 1
	case first < 0xe0:
		return 2
	case first < 0xf0:
		return 3
	}
	return 4
}

// cutCharacter returns how many bytes at the end of p are the beginning of a character: 0 to 3.
func cutCharacter(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		if c := p[len(p)-n]; utf8.RuneStart(c) {
			if characterLen(c) > n {
				return n
			}
			return 0
		}
	}
	return 0
}

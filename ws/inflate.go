package ws

import (
	"errors"
	"io"
	"math"
	"sync"

	"github.com/klauspost/compress/flate"
)

// What [Inflate] can fail with, besides an error of its yield.
var (
	// ErrInflateTooBig: the message has more bytes than InflateLimit.MaxBytes.
	ErrInflateTooBig = errors.New("ws: compressed message inflates to more than its limit")
	// ErrInflateRatio: the message grows by more than InflateLimit.MaxRatio.
	ErrInflateRatio = errors.New("ws: compressed message inflates by more than its ratio limit")
	// ErrInflateCorrupt: the message is not valid DEFLATE data.
	ErrInflateCorrupt = errors.New("ws: compressed message is corrupt")
)

// InflateLimit bounds what one compressed message may become. The zero value is no limit.
type InflateLimit struct {
	// MaxBytes is the largest inflated message, in bytes; 0 means no limit.
	MaxBytes int64
	// MaxRatio is the number of inflated bytes allowed for each compressed one; 0 means no limit. DEFLATE can reach
	// 1032, text rarely passes 20.
	MaxRatio int
	// RatioFrom is a size that is allowed whatever its ratio, in bytes: small messages of one repeated letter are no
	// attack.
	RatioFrom int64
}

// bound returns the number of bytes that a message of n compressed bytes may have, and the error for more.
func (l InflateLimit) bound(n int) (int64, error) {
	most, over := int64(math.MaxInt64), error(nil)
	if l.MaxBytes > 0 {
		most, over = l.MaxBytes, ErrInflateTooBig
	}
	if l.MaxRatio > 0 && int64(n) < math.MaxInt64/int64(l.MaxRatio) {
		if byRatio := max(l.RatioFrom, int64(n)*int64(l.MaxRatio)); byRatio < most {
			most, over = byRatio, ErrInflateRatio
		}
	}
	return most, over
}

// inflateTail is what the sender removed (RFC 7692 §7.2.2), and an empty final block, so that the end is an end.
const inflateTail = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"

// deflateSource gives out a message and then inflateTail, without joining them in memory.
type deflateSource struct {
	src []byte
	pos int // how far both together have been read
}

func (s *deflateSource) ReadByte() (byte, error) {
	i := s.pos
	s.pos++
	if i < len(s.src) {
		return s.src[i], nil
	}
	if i -= len(s.src); i < len(inflateTail) {
		return inflateTail[i], nil
	}
	s.pos--
	return 0, io.EOF
}

func (s *deflateSource) Read(p []byte) (n int, err error) {
	if s.pos < len(s.src) {
		n = copy(p, s.src[s.pos:])
	} else if n = copy(p, inflateTail[s.pos-len(s.src):]); n == 0 {
		err = io.EOF
	}
	s.pos += n
	return n, err
}

// inflater is a decompressor with its source and the buffer between it and yield.
type inflater struct {
	r      io.Reader // also a flate.Resetter
	in     deflateSource
	window *Window // nil without context takeover
	buf    [16 << 10]byte
}

var inflaters = sync.Pool{New: func() any {
	f := new(inflater)
	f.r = flate.NewReader(&f.in)
	return f
}}

// Inflate inflates one whole message that was compressed without context takeover and gives it to yield piece by piece,
// at most 16 KiB each; a piece is valid, and may be changed, until yield returns. It returns how many bytes yield got.
// src is the message's payload as it came, and is not changed.
//
// It stops with [ErrInflateTooBig] or [ErrInflateRatio] before it yields more than limit allows, with
// [ErrInflateCorrupt], or with yield's own error; what was yielded before can not be taken back.
//
// A corrupt message may go unnoticed: for a block that uses distances and has no code for them, the decompressor takes the
// code of a block before, which may be of another message. No other message is read wrongly by that, and no bytes of one
// get into another; to clear the tables would cost 2 µs for each message.
//
// Blocks with BFINAL set may stand anywhere (RFC 7692 §7.2.1); what follows one starts from an empty window, which
// is how compressors that set it work. With context takeover, see [Window.Inflate].
func Inflate(src []byte, limit InflateLimit, yield func(p []byte) error) (n int64, err error) {
	return inflate(src, nil, limit, yield)
}

func inflate(src []byte, w *Window, limit InflateLimit, yield func(p []byte) error) (n int64, err error) {
	most, over := limit.bound(len(src))
	f := inflaters.Get().(*inflater)
	f.in.src, f.window = src, w
	n, err = f.inflate(most, over, yield)
	f.in.src, f.window = nil, nil
	inflaters.Put(f)
	return n, err
}

func (f *inflater) inflate(most int64, over error, yield func(p []byte) error) (n int64, err error) {
	f.in.pos = 0
	if err := f.restart(); err != nil {
		return 0, err
	}
	for {
		k, err := f.r.Read(f.buf[:])
		if k > 0 {
			if int64(k) > most-n {
				return n, over
			}
			if f.window != nil {
				f.window.Append(f.buf[:k]) // before yield, which may change them
			}
			if err := yield(f.buf[:k:k]); err != nil {
				return n, err
			}
			n += int64(k)
		}
		if err == nil {
			continue
		}
		if err != io.EOF {
			return n, ErrInflateCorrupt
		}
		done, err := f.ended()
		if done || err != nil {
			return n, err
		}
	}
}

// ended judges the end of a DEFLATE stream by its place: inside the message another one has to follow.
func (f *inflater) ended() (done bool, err error) {
	switch f.in.pos - len(f.in.src) {
	case 0, len(syncTail), len(inflateTail): // a final block of the sender's, the same without its end, ours
		return true, nil
	}
	if f.in.pos > len(f.in.src) {
		return false, ErrInflateCorrupt
	}
	return false, f.restart()
}

// restart begins a DEFLATE stream. With context takeover it has a window: what earlier messages, and earlier blocks of
// this one, have left. BFINAL ends a block and not the window (RFC 7692 §7.2.3.4).
func (f *inflater) restart() error {
	var dict []byte
	if f.window != nil {
		dict = f.window.buf
	}
	if err := f.r.(flate.Resetter).Reset(&f.in, dict); err != nil {
		return ErrInflateCorrupt
	}
	return nil
}

package ws

import (
	"errors"
	"io"
	"math"
	"sync"

	"weir/internal/inflate"
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

var inflaters = sync.Pool{New: func() any { return new(inflate.Message) }}

// Inflate inflates one whole message that was compressed without context takeover and gives it to yield piece by piece,
// a little more than 64 KiB each at most; a piece is valid until yield returns, and must not be changed. It returns how many bytes yield got.
// src is the message's payload as it came, and is not changed.
//
// It stops with [ErrInflateTooBig] or [ErrInflateRatio] before it yields more than limit allows, with
// [ErrInflateCorrupt], or with yield's own error; what was yielded before can not be taken back.
//
// Blocks with BFINAL set may stand anywhere (RFC 7692 §7.2.1); what follows one starts from an empty window, which
// is how compressors that set it work. With context takeover, see [Window.Inflate].
func Inflate(src []byte, limit InflateLimit, yield func(p []byte) error) (n int64, err error) {
	return inflated(src, nil, limit, yield)
}

func inflated(src []byte, w *Window, limit InflateLimit, yield func(p []byte) error) (n int64, err error) {
	most, over := limit.bound(len(src))
	m := inflaters.Get().(*inflate.Message)
	defer func() { // also if yield panics: what it was given stays with it
		m.Release()
		inflaters.Put(m)
	}()
	if w != nil {
		m.Begin(src, w.buf, w.takeover)
	} else {
		m.Begin(src, nil, false)
	}
	for {
		p, err := m.Next()
		if err == inflate.ErrCorrupt {
			return n, ErrInflateCorrupt
		}
		if int64(len(p)) > most-n {
			return n, over
		}
		if w != nil {
			w.Append(p)
		}
		if len(p) > 0 {
			if err := yield(p); err != nil {
				return n, err
			}
			n += int64(len(p))
		}
		if err == io.EOF {
			return n, nil
		}
	}
}

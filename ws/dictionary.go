package ws

import (
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// Bounds of a window: its size in bytes is 2 to the power of this (RFC 7692 §7.1.2.1).
const (
	minWindowBits = 8
	maxWindowBits = 15 // all that DEFLATE has
)

// boundBits brings a number of bits to the nearest that there is; 0 stands for 15.
func boundBits(bits int) int {
	if bits == 0 {
		return maxWindowBits
	}
	return min(max(bits, minWindowBits), maxWindowBits)
}

// lazyLevel is the first level that spares no time for a dictionary, see AppendDeflatedWith. It is also the first of
// flate's that looks into one for the shortest messages.
const lazyLevel = 7

// leastDict is the end of a dictionary, in bytes, that any message may refer to.
const leastDict = 4 << 10

// AppendDeflatedWith is [AppendDeflated] with a dictionary, a window and a level: raw may refer to dict, which has to be
// the end of what the receiver's window holds, and to nothing that lies more than 1<<windowBits bytes back. windowBits is
// 8 to 15, and 0 stands for 15. level is 1, the fastest, to 9, the smallest; 0 stands for 1, and windows below 15 bits
// know one level only. Values outside are brought to the nearest inside. dict is read during the call only.
//
// Nobody remembers a dictionary, so each call indexes it anew. Up to level 6 the time for that is bounded: all of it for
// messages of up to 512 bytes, for which indexing is cheap, and the last 4 KiB or twice the message's length for others.
func AppendDeflatedWith(dst, raw, dict []byte, windowBits, level int) []byte {
	windowBits = boundBits(windowBits)
	level = min(max(level, flate.BestSpeed), flate.BestCompression)
	window := 1 << windowBits
	dict = lastBytes(dict, window)
	fits := windowBits == maxWindowBits || len(dict)+len(raw) <= window
	switch {
	case len(raw) == 0:
		return AppendStoredHeader(dst, 0)
	case len(dict) == 0 && level == deflateLevel && fits:
		return AppendDeflated(dst, raw)
	case len(dict) > 0 && len(raw) <= maxShort && (level < lazyLevel || !fits):
		return appendFixed(dst, raw, dict, windowBits)
	case level < lazyLevel || !fits:
		dict = lastBytes(dict, max(leastDict, 2*len(raw)))
	}
	pool := levelDeflaters[level-1]
	if !fits {
		pool = windowDeflaters[windowBits-minWindowBits]
	}
	d := pool.Get().(*deflater)
	d.w.ResetDict(d, dict)
	dst = d.append(dst, raw)
	pool.Put(d) // it may still know dict, but only until the next ResetDict
	return dst
}

// lastBytes is the end of p, at most n bytes.
func lastBytes(p []byte, n int) []byte { return p[max(0, len(p)-n):] }

// Compressors that may have a dictionary are kept apart from those of AppendDeflated, because their Reset would bring it
// back. One pool for each level, and one for each smaller window.
var (
	levelDeflaters = func() (pools [flate.BestCompression]*sync.Pool) {
		for i := range pools {
			pools[i] = newDeflaterPool(func(w io.Writer) (*flate.Writer, error) { return flate.NewWriter(w, i+1) })
		}
		return pools
	}()
	windowDeflaters = func() (pools [maxWindowBits - minWindowBits]*sync.Pool) {
		for i := range pools {
			pools[i] = newDeflaterPool(func(w io.Writer) (*flate.Writer, error) {
				return flate.NewWriterWindow(w, 1<<(minWindowBits+i))
			})
		}
		return pools
	}()
)

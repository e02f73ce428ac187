package ws

import (
	"crypto/rand"
	"encoding/binary"
	"math/bits"
	"sync"
)

// Mask masks or unmasks b in place (RFC 6455 §5.3). pos is the place of b[0] in the payload, modulo 4; the result is
// that of the byte after b. b may have any alignment.
func Mask(b []byte, key [4]byte, pos int) int {
	k32 := bits.RotateLeft32(binary.LittleEndian.Uint32(key[:]), -8*(pos&3))
	end := (pos + len(b)) & 3
	k := uint64(k32)<<32 | uint64(k32)
	le := binary.LittleEndian
	// 32 bytes a turn: 8 are slower by half, 64 no faster, and crypto/subtle.XORBytes with a prepared pad neither.
	for len(b) >= 32 {
		w := (*[32]byte)(b)
		le.PutUint64(w[0:8], le.Uint64(w[0:8])^k)
		le.PutUint64(w[8:16], le.Uint64(w[8:16])^k)
		le.PutUint64(w[16:24], le.Uint64(w[16:24])^k)
		le.PutUint64(w[24:32], le.Uint64(w[24:32])^k)
		b = b[32:]
	}
	for len(b) >= 8 {
		le.PutUint64(b, le.Uint64(b)^k)
		b = b[8:]
	}
	if len(b) >= 4 {
		le.PutUint32(b, le.Uint32(b)^k32)
		b = b[4:]
	}
	for i := range b {
		b[i] ^= byte(k32 >> (8 * i))
	}
	return end
}

// keyBatch is random bytes in stock: one request for many keys.
type keyBatch struct {
	left  []byte
	bytes [256]byte
}

var keyBatches = sync.Pool{New: func() any { return new(keyBatch) }}

// NewMaskKey returns an unpredictable masking key; a client needs a fresh one for each frame (RFC 6455 §5.3).
func NewMaskKey() [4]byte {
	k := keyBatches.Get().(*keyBatch)
	if len(k.left) < 4 {
		rand.Read(k.bytes[:]) // crypto/rand: never fails
		k.left = k.bytes[:]
	}
	key := [4]byte(k.left)
	k.left = k.left[4:]
	keyBatches.Put(k)
	return key
}

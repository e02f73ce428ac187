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
	unmask(b, b, bits.RotateLeft32(binary.LittleEndian.Uint32(key[:]), -8*(pos&3)))
	return (pos + len(b)) & 3
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

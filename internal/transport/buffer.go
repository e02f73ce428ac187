package transport

import "sync"

// readSize is the size in bytes of a borrowed read buffer: large enough that a busy publisher's chunk holds hundreds of
// small messages, which share one flush, and that few larger ones are cut. Beyond that nothing is won: the core's caches are
// no larger.
const readSize = 64 << 10

// strangerSize is the same until the peer is trusted: whoever it asks who comes in may take a while, and the buffer is held
// meanwhile.
const strangerSize = 4 << 10

var (
	readBuffers     = sync.Pool{New: func() any { return new([readSize]byte) }}
	strangerBuffers = sync.Pool{New: func() any { return new([strangerSize]byte) }}
)

// readBuffer is a borrowed one: of a stranger a small one, until that is trusted.
type readBuffer struct {
	small *[strangerSize]byte
	large *[readSize]byte
}

// take is the buffer for the next read. What was in it is gone.
func (b *readBuffer) take(trusted bool) []byte {
	if !trusted && b.large == nil {
		if b.small == nil {
			b.small = strangerBuffers.Get().(*[strangerSize]byte)
		}
		return b.small[:]
	}
	if b.large == nil {
		b.release()
		b.large = readBuffers.Get().(*[readSize]byte)
	}
	return b.large[:]
}

// release gives it back.
func (b *readBuffer) release() {
	if b.small != nil {
		strangerBuffers.Put(b.small)
	}
	if b.large != nil {
		readBuffers.Put(b.large)
	}
	b.small, b.large = nil, nil
}

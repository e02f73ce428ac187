package transport

import "sync"

// readSize is the size in bytes of a borrowed read buffer: large enough that a busy publisher's chunk holds hundreds of
// small messages, which share one flush, and that few larger ones are cut. Beyond that nothing is won: the core's caches are
// no larger.
const readSize = 64 << 10

var readBuffers = sync.Pool{New: func() any { return new([readSize]byte) }}

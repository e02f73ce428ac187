package transport

import "sync"

// readSize is the size in bytes of a borrowed read buffer: large enough that a busy publisher's chunk holds hundreds of
// small messages, which share one flush.
const readSize = 32 << 10

var readBuffers = sync.Pool{New: func() any { return new([readSize]byte) }}

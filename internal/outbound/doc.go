// Package outbound is the bounded queue of one receiver: the only seam between two connections.
//
// A publisher pushes; whoever holds the flush flag takes, encodes and writes. The flag is the whole protocol: the push
// that finds it down raises it and owes one call of [Queue.Flush] soon (at the end of the chunk it is reading); every other
// push owes nothing, because the flag's holder takes again until the queue is empty and only then lowers it. So there is at
// most one writer for a socket, and no wake-up while one is at work.
//
// Invariants: what is pushed leaves in its order, but for control frames; pending counts the bytes of all that was pushed
// and not yet written; a push that would raise it above the limit seals the queue and reports [Overflow].
//
// An idle queue holds no buffer: one shared message, or one run of them, has its place in the queue itself, all else is kept
// in segments from a pool: text that is ready for the wire (lines, and messages that nobody else gets), and shared messages
// at their places in it. The mutex is held for a few instructions and never while another is taken. The room starts no goroutine.
package outbound

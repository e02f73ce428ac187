// Package listener opens the sockets on which a server waits for others: TCP and Unix ones, also on a port that is still in use by
// listeners that are about to be closed, and accepts from them with patience.
//
// It knows nothing of what is spoken. [Accept] runs in the caller's goroutine; the room starts none.
package listener

// Package msg holds the message that all receivers share, and the batch of one flush.
//
// A [Msg] is made once when a PUB arrives: its bytes are copied (or, for a large body, taken over) into memory of its own,
// and nothing of it changes afterwards. A thousand receivers borrow the same body. Its compressed form is made at most
// once, when the first compressing receiver asks, and is shared in the same way.
//
// A [Batch] is what one flush sends to one receiver: protocol lines, and bodies that are either copied between them (small
// ones) or borrowed (large ones, and those whose compressed form is shared). A Batch belongs to whoever holds the
// receiver's flush flag, and goes back to a pool afterwards.
//
// The room knows neither the NATS wire nor WebSocket: lines are written by the caller, compression is a function it is
// given. It starts no goroutine.
package msg

// Package head reads the head of an HTTP/1.1 request that asks for a WebSocket (RFC 9112 §2.1, RFC 6455 §4.1), and nothing
// else: it says as early as it can that a request is another one, or not plain enough, and then net/http judges it.
//
// It is stricter than net/http where that costs no client: GET in origin form, one Host, lines that end with CR LF, names
// that are tokens with the colon behind them, values of printable characters, no body. What it takes, net/http would take,
// and would understand the same way; a fuzz target holds the two against each other.
//
// A [Reader] does no I/O: it is shown all bytes that have come so far, in any number of steps, and goes on where it was. Its
// memory is bounded by those bytes and by maxFields. It belongs to one goroutine at a time, and is made to be used again.
//
// Not here: what the request means (package ws), how long it may take and how long it may be (transport).
package head

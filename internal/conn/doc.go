// Package conn is what every kind of connection needs, whatever it speaks: the life of its goroutine, the flush, PINGs,
// limits, the reason why it closed, and the registry of all connections.
//
// # Life
//
// [Conn.Run] is the connection's goroutine: it serves until the transport ends or somebody calls [Conn.Close], lets the
// [Visitor] clean up, says goodbye (what is queued, the close frame, a half-close, a short linger) and releases the
// socket. A connection with nothing to read parks, and has no goroutine until it is woken: what has come is read by [Conn.Woken], on the
// goroutine that serves all who wake, until it might block. One that is woken again and again is in
// a conversation: it has none either, and [Conn.Listen] is called with what has come, by goroutines that serve all conversations.
// A panic ends in this room: it closes the connection, is counted, and is logged with its stack.
//
// # Flush
//
// [Conn.Flush] is called by whoever holds the flush flag of the outbound queue, usually the publisher's goroutine. It
// encodes what waits and tries one write that cannot block. If the socket is full, a writer goroutine goes on until the
// queue is empty, and then ends.
//
// # Closing
//
// The first Close wins and gives the reason; its -ERR line and close frame go behind everything queued before. Reasons for
// which nobody can be told (a failed read or write, a slow consumer) drop the queue instead. Subscriptions are removed in
// the connection's own goroutine and nowhere else.
//
// Timers run in goroutines of the runtime and only push to the queue. The registry's mutex is a leaf: nothing is locked
// below it.
package conn

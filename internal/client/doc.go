// Package client is a visitor that speaks the NATS client protocol, over whatever transport it came.
//
// A [Client] is one conn.Conn with a parser in front and subscriptions behind. Its goroutine reads a chunk, handles every
// operation in it, and flushes at the end the receivers that the chunk's messages went to. Messages for the client are
// encoded by whoever flushes it, from fields that are atomic or never change.
//
// Errors on the wire have the texts of nats-server. Those that end the connection go through conn.Close and are delivered
// before the socket closes; the others are lines like any other.
//
// Owned by the client's goroutine: the parser, what CONNECT said, the publisher with its match cache. Under Client.mu: the
// map of subscriptions, which the goroutine of a publisher changes too when a subscription gets its last message. No lock
// is taken while it is held.
package client

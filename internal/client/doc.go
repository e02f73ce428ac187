// Package client is a visitor that speaks the NATS client protocol, over whatever transport it came.
//
// A [Client] is one conn.Conn with a parser in front and subscriptions behind. Its goroutine reads a chunk, handles every
// operation in it, and flushes at the end the receivers that the chunk's messages went to. Messages for the client are
// encoded by whoever flushes it, from fields that are atomic or never change.
//
// Errors on the wire have the texts of nats-server. Those that end the connection go through conn.Close and are delivered
// before the socket closes; the others are lines like any other.
//
// What the client may do is its grant: immutable, and nil for a user without permissions, so that such a client pays one nil
// check for a message. A CONNECT and a reload replace it. Subscriptions that may match what the user must not get, or that
// bring requests which it may answer, have a guard that asks the grant in the goroutine of the publisher.
//
// A further CONNECT begins anew, without the subscriptions of before. But another JWT of the same user in the same account only
// renews what the client came in with (renew.go).
//
// Who wants to know who comes and goes is a [Witness], which is told when no lock is held, but for a refusal in a reload.
//
// Owned by the client's goroutine: the parser, what CONNECT said, the publisher with its match cache. Under Client.mu: the
// map of subscriptions, which the goroutine of a publisher changes too when a subscription gets its last message; what a SUB
// may do is decided under it as well, so that a reload misses none. No lock is taken while it is held. Client.loginMu goes
// before it: who the client is, changed by CONNECT, by a reload, and by new claims of its account. Neither is held while it is
// found out who the client is, which may take a while: a bcrypt hash, the fetching of an account, a callout.
package client

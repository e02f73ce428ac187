// Package front is the HTTP side of a WebSocket listener: who asks for an upgrade, and may have it, becomes a connection of
// package transport; everybody else gets a page or a refusal.
//
// An [Upgrader] is the checks and answers, whoever has read the request. A [Server] reads the head of the first request of each
// connection itself, with package head, since net/http would cost more than all that follows. What is not plainly a good
// request for an upgrade it hands to net/http over the same connection, with what has been read in front, and with what is
// left of the time; so every refusal and every page is made in one place. In somebody else's http.Server the Upgrader is an
// http.Handler, and the Server is not there.
//
// The time for a handshake, TLS and HTTP together, runs from the first moment. What a head costs is what its peer has sent, up
// to the limit on its size, from a pool. The response to an upgrade waits for the first flush, so that INFO goes out with it.
//
// A connection has one goroutine from Accept to its end: [Server] starts it, what Upgrader.Open returns goes on in it. Those
// that net/http got have net/http's. The Server's mutex guards the list of those that have not said what they want, for a
// shutdown.
//
// Not here: who may connect (admission, through transport.Guard), frames, the NATS protocol.
package front

// Package websocket holds the tests of the WebSocket edge, byte by byte: the HTTP upgrade, the frame rules of RFC 6455
// and permessage-deflate of RFC 7692.
//
// What the NATS protocol says through it is the matter of package transcripts. Where nats-server is known to lose a
// close frame in a race with its own teardown, a bare end is accepted from it, and from it only.
package websocket

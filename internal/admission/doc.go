// Package admission decides who comes in: which address a stranger has, and whether that address may have one more
// connection.
//
// A [Gate] keeps the [Limits] of one listener: handshakes under way, connections of an address, handshakes per second. A
// connection holds its places in a [Pass]: taken by Gate.Enter, moved to the client's address by Pass.Bind once a proxy has
// named it, given back by Pass.Establish and Pass.Leave. What a gate remembers is bounded, whoever comes: an address has an
// entry while it has places, and a rate for at most two seconds.
//
// [Proxies] reads the client's address, scheme and host from the headers of HTTP proxies, [ProxyProtocol] and
// [ParseProxyHeader] from PROXY headers. What is read comes from a peer that was trusted to say it, or is not believed.
//
// [Refusals] counts by reason who was not let in, and logs some of them.
//
// No goroutine but the timers of Refusals. Under Gate.mu: all that counts; it is held for a few map operations, and no
// other lock is taken meanwhile.
//
// Not here: sockets (transport), who a client is (auth).
package admission

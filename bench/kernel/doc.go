// Package kernel is the least that a server can do for the workloads of bench: what is left is the kernel's share.
//
// One thread waits in epoll, reads a chunk into the one buffer there is, cuts it into operations, routes by exact match
// in a map, and writes without blocking. The messages of one chunk for one subject are put together, framed, and
// compressed once for all their receivers. A message allocates nothing; an idle connection owns some 300 bytes.
//
// What it is not: a NATS server. There are no wildcards, queue groups, headers, permissions, pings, limits or timeouts,
// and no TLS; what a peer does wrong ends its connection without a word. It speaks as much as the load needs: INFO,
// CONNECT, PING, SUB, UNSUB and PUB with a reply subject, over TCP, and over WebSocket with and without
// permessage-deflate (no context takeover).
//
// A batch is made for one subscription id: receivers of one subject that chose different ids are different interests.
// [Server.Run] owns everything; there is no lock and no other goroutine.
//
// Linux only (epoll).
package kernel

// Package benchmark puts load on a NATS server, over TCP, TLS and WebSocket, and measures what comes of it. It is the inside
// of `weir bench`, and knows of the server only what is on the wire.
//
// # The load
//
//   - pub: publishers write as fast as the server reads, or at a rate. The clock runs from the first message to the PONG
//     behind the last.
//   - sub: subscribers count what others publish. The clock runs from the first message to the last.
//   - request: requesters, each with one request under way, and responders in one queue group.
//   - fanout: publishers, and subscribers who all get everything. At most a window of messages is on its way, so that no
//     subscriber is too slow and a latency is not the time in a queue that grows.
//   - idle: connections with one subscription each that say nothing but PONG.
//
// [Run] does one [Config]: one run after the other for each number of clients, each with connections of its own.
//
// # What is measured
//
// A connection's setup is the time from the first packet to the PONG behind CONNECT and SUB: TCP, TLS, upgrade and login.
// Several are set up at once, so it is what a client sees in a crowd. A latency ends when the bytes were read from the
// socket, before they are parsed. It begins when the message was due: without a rate, when it was handed to the socket; with
// one, earlier if the load was held up, so that a server that stands still is not measured less often for it. That the
// machine's timer is late does not count.
//
// Times go into a [Histogram] of fixed size, with an error of 0.8% at most; shortest, longest and average are exact.
//
// # What a connection costs
//
// One goroutine with a small stack, a read buffer of 512 bytes, which grows only while more comes at a time, and nothing
// that an idle one does not need: of 10,000, each takes 10 KB over ws://, and 28 KB over wss://.
//
// # Goroutines
//
// One for each connection reads, and answers PINGs and requests. While connections are made there are at most 64 dialers.
// One for each publisher and requester writes, and one tells the progress. All have ended when Run returns.
//
// # What it is not
//
// It reads no command line and prints nothing. It does not reconnect: a connection that is lost ends the run, but for idle,
// which counts it. It does not compare servers: that is bench/ of the repository.
package benchmark

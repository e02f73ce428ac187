// Package transport carries bytes in and out: tcp, tls, ws, wss and in-process pipes. What it hands up and takes in is the
// NATS byte stream; sockets, TLS records and WebSocket frames end here.
//
// # Coming in
//
// A [Guard] stands in front of a listener: it asks a gate of package admission whether a stranger may come in, reads PROXY
// headers, and hands on connections that know their client's address. It refuses without blocking. [NewConn] takes over what
// the guard knows; [Guard.Bind] counts a connection for the client behind an HTTP proxy, [Conn.Trust] ends the handshake for the
// gate, [Conn.Close] gives everything back.
//
// # Reading
//
// [Conn.Serve] runs in the connection's one goroutine. It waits in the runtime's poller without holding a buffer; when the
// socket is readable it borrows one, reads until the kernel has no more, hands every chunk to the [Sink], and gives the
// buffer back. Bytes given to the sink are borrowed for the call.
//
// A connection that was detached needs no goroutine to wait: it parks ([Conn.Park]) while it is silent, and is served on the turn of
// package parking that wakes it ([Conn.Ride]); in a conversation ([Conn.Converse]) such turns serve it with [Conn.Hear]. What might keep other conversations waiting begins
// with [Conn.Leave].
//
// # Writing
//
// Whoever holds the receiver's flush flag turns a batch into wire bytes with [Conn.Frame] and tries [Conn.TryWrite], which
// never blocks. Only if the socket is full does it start a goroutine that calls [Conn.WriteAll]. A [Wire] holds what is
// needed meanwhile and comes from a pool: no connection owns a write buffer, a compressor or a decompressor. A wire that
// [Conn.Again] has made ready for many receivers lends the kernel pages of a file in memory, if there is much to send; the file
// goes back to its own pool when the wire is reset, or when somebody has to wait for a full socket.
//
// # Closing
//
// [Conn.Interrupt] ends Serve from any goroutine without blocking. [Conn.Close] waits for Serve and for writes under way,
// so only the connection's own goroutine calls it, after Serve has returned.
//
// Where readiness cannot be waited for (Windows, in-process pipes) the same calls work on a blocking net.Conn: reads go
// into a small buffer of the connection, and every write goes through the writer goroutine.
//
// A guard has one goroutine if it reads PROXY headers, and one for each header that has not come yet or refusal that is being
// told, both bounded.
//
// Not here: the NATS protocol, queues, pings, who may come in.
package transport

// Package proto is the NATS wire: bytes to operations, operations to bytes, and the words the two sides use.
//
// # Wire format
//
// A connection carries operations. Each is one control line, and four of them are followed by a body:
//
//	CONNECT {json}                            PUB subject [reply] size CRLF body CRLF
//	INFO {json}                               HPUB subject [reply] header-size total-size CRLF header payload CRLF
//	SUB subject [queue] sid                   MSG subject sid [reply] size CRLF body CRLF
//	UNSUB sid [max]                           HMSG subject sid [reply] header-size total-size CRLF header payload CRLF
//	PING   PONG   +OK   -ERR 'text'
//
// Verbs are read in any case. Arguments are separated by any number of spaces and tabs. A control line may end in a bare
// LF; a body must be followed by CR LF. A size is one to nine decimal digits.
//
// # What is in the room
//
//   - [Parser]: a pull parser. [Parser.Next] gives one operation at a time, as sub-slices of the caller's chunk.
//   - Append functions: they write operations behind what a slice holds, and allocate only when it is full.
//   - [Info] and [Connect]: the two JSON objects that open a conversation.
//   - [Error]: everything a server says in -ERR, and whether it then closes the connection.
//   - [AppendStatus], [Get] and friends: the header block of a message.
//
// # What it is not
//
// It does no I/O, starts no goroutine, keeps no time and logs nothing. It does not judge subjects: whether one is valid,
// literal or permitted is decided by the rooms above (the reference server, too, reads them without a look).
//
// # Invariants
//
//   - Any cut of a byte stream gives the same operations and then the same error. FuzzAnyCut holds it to that.
//   - A parser that waits for an operation to begin owns no memory. What it keeps of an unfinished operation is bounded by
//     [Limits], and a body's buffer is never more than twice what has arrived of it, nor begins above 32 KiB, unless it is
//     the buffer of a body before, which the caller has recycled.
//   - Parser, Args and slices belong to the goroutine that calls Next. Nothing here is shared.
//
// # Where it differs from the reference on purpose
//
// The outcomes of nats-server 2.15.2 for odd input are recorded in parity_test.go. Where that server's answer depends on
// how TCP cut the bytes, or lets a line end into a subject, we give one answer:
//
//   - A control line ends at its first LF. The reference takes an LF (or CR) that follows "SUB " as the first byte of the
//     arguments, so that a subject can hold a line end that is then sent to subscribers.
//   - One CR before that LF belongs to the line end. A CR elsewhere is a byte like any other in PUB and HPUB, and a
//     separator in SUB and UNSUB. The reference cuts a byte off the line, or drops the CR, depending on the chunks.
//   - MSG and HMSG are no verbs of a client. The reference waits for a line after "HMSG " before it says so.
package proto

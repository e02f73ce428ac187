// Package ws is the WebSocket protocol (RFC 6455) with permessage-deflate (RFC 7692) for both roles, as pure code:
// bytes in, events out; values in, bytes appended.
//
// # What it is not
//
// It does no I/O, starts no goroutine, reads no clock and owns no buffer while a connection is idle. It does not
// reassemble messages: what arrives is handed on at once, and whoever needs whole messages collects them under a limit
// of its own. The Decoder does not check that text messages are UTF-8, for what is compressed it can not see: that is for
// [UTF8]. It knows no application protocol. examples/echo shows all of it at work.
//
// # The parts
//
//   - [Decoder] takes chunks of any size and gives [Event] values. Payload is unmasked in place and returned as a
//     sub-slice of the chunk; only a header or a control payload that a chunk cuts in two is copied. For a stream of small
//     frames [Decoder.Gather] gives the payload of all of them at once.
//   - [AppendHeader], [AppendControl], [AppendClose] and [Mask] write frames.
//   - [CheckUpgrade] with an [UpgradePolicy] judges an HTTP request; [Upgrade.AppendResponse] writes the 101 and
//     [UpgradeError.Refuse] the refusal. [Request] is the same for the client.
//   - [AppendStored], [AppendDeflated] and [FinishMessage] compose one compressed message from parts, [Inflate]
//     takes one apart under an [InflateLimit].
//   - [DeflatePolicy] negotiates compression, and a [Window] for each direction of a connection is all that context
//     takeover needs. [UTF8] checks text that comes in pieces.
//
// # Compressed messages
//
// Without context takeover each message starts from an empty window. So a compressor belongs to no connection, and one
// deflated body can be put into the messages of many receivers, each with a stored block of its own in front:
//
//	message = { stored block | deflated part } , FinishMessage
//	stored block  = 00 LEN NLEN raw            (byte aligned, at most 65535 raw bytes)
//	deflated part = blocks ... 00 00 00 ff ff  (byte aligned by its sync flush, refers to nothing before it)
//
// With context takeover no compressor belongs to a connection either. A Window keeps the last bytes that went one way, at
// most 32 KiB and as few as was agreed, and they are the dictionary for the next message. Whoever composes a message from
// parts tells the Window what its stored blocks and shared bodies stand for.
//
// # Ownership
//
// A Decoder, a Window and a UTF8 belong to one goroutine at a time. Everything else is a function of its arguments, or immutable once made,
// and may be called from any goroutine; compressors, decompressors and random mask keys come from pools.
//
// Rows like "C5" in comments are behaviours on which servers in the field differ; each comment says which way we went.
package ws

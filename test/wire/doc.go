// Package wire is a WebSocket client for tests. It can send what no client should: any header bits, any length form,
// any fragmentation. What it receives it checks strictly.
//
// It shares no code with Weir, so that a misreading of RFC 6455 or RFC 7692 cannot hide on both sides: frames are
// written here from the RFC, deflate is the standard library's.
//
// A Conn belongs to one goroutine at a time.
package wire

// Package wspeers lets weir/ws speak with WebSocket implementations that others wrote, in both roles: each client with
// each server, under each agreement about compression. What one side says, the other has to hear: the same bytes, the same
// opcodes, the same close codes.
//
//	weir    examples/echo as a process, and a small client on package ws
//	coder   github.com/coder/websocket
//	gws     github.com/lxzan/gws
//
// This is the one folder of the module that imports Weir, for the client's role of package ws.
package wspeers

// Package test holds the black-box tests of Weir: stock clients, raw bytes and a real browser against a server process.
//
// It is a Go module of its own, so that what the tests need stays out of the server's go.mod. Nothing here imports
// Weir but wspeers: the server is built from the module above and spoken to over loopback, as any user would.
//
// Every test that states what a NATS server does runs against two targets: `weir`, and `stock`, the nats-server that
// go.mod names. A test that fails against stock states something wrong; a test that fails against Weir only is a bug.
//
// setup.sh installs what they need beside Go; `go test ./...` in this folder runs all of them.
//
//	process      builds the two servers, runs one as a process, knows when it is ready
//	wire         a small WebSocket client that may also send what no client should
//	transcripts  conversations as text files, over tcp, ws and ws with deflate
//	websocket    the HTTP upgrade and the frame rules of RFC 6455 and RFC 7692, byte by byte
//	natsgo       nats.go over nats://, tls://, ws:// and wss://
//	operator     makes the JWTs of operators, accounts and users
//	stage        lets JavaScript start and restart servers, and serves it the npm packages
//	js           nats-core, transport-node and nats.ws in Node
//	browser      the same libraries, and Weir's console page, in headless Chromium
//	wspeers      the package weir/ws against other WebSocket libraries, in both roles
//	abuse        hostile peers of all kinds beside two ordinary clients
//	tools        flags, exit codes, files, log lines and monitoring JSON that tools rely on
//
// Environment:
//
//	WEIR_TARGETS      which servers to test, default "weir,stock"
//	WEIR_BINARY       a Weir that is built already; else it is built from the module above
//	STOCK_BINARY      a nats-server that is built already
//	WEIR_RACE=1       build Weir with the race detector; any report fails the test that caused it
//	WEIR_REQUIRE_ALL  as CI=true: a missing Node, npm package or Chromium is a failure and not a skip
package test

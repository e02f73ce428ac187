// Echo is a WebSocket server that sends every message back, with its opcode. It shows how package ws is used with
// net/http: the upgrade, reading, writing, compression with context takeover, and closing.
//
//	go run weir/examples/echo -listen 127.0.0.1:9001
//
// It is strict where RFC 6455 and RFC 7692 are: text that can not become UTF-8 is refused by the first bytes that show
// it (1007), a message above 16 MiB is refused as soon as it is known (1009), broken frames close with 1002. It does
// without what a service needs besides: TLS, origins, an idle timeout, limits for all connections together.
//
// Each connection has one goroutine, which reads a chunk, answers what is in it, and writes the answers.
package main

// Package load is the other end of what bench measures: clients that cost the machine little, so that the server is
// what is measured.
//
// Clients are raw blocking sockets. While they connect, each belongs to who dials; then one [Loop] reads all of them
// with one thread and one buffer. What comes is not parsed but hopped over, from header to header (frames.go, ops.go):
// all MSGs of one client have the same size, which is known before. Only messages that come compressed are inflated, and
// the same bytes only once, because there is no other way to know how many messages there are.
//
// [WSS] clients are crypto/tls fed by the loop. They cost as much as the server: keep them few.
//
// What it is not: a NATS client. It checks that the right number of bytes came, not what they say.
//
// Linux only (epoll, socket options). The loop's thread is the only goroutine that stays.
package load

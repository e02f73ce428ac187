// Command bench measures Weir beside a stock nats-server on the machine at hand.
//
// What it compares: CPU time of the server process for a unit of work, memory of the server process for a connection,
// latency, and bytes on the wire. Each workload runs in rounds, stock and Weir by turns, each time with a fresh server
// process; the table shows medians and the ratio stock ÷ Weir, so that 2.0 means that Weir needs half.
//
// How it measures: CPU is the kernel's process clock of the server, in nanoseconds, all threads; memory is Pss of
// smaps_rollup after settling, less what the same process had before its connections came, divided by their number.
// Both servers get the same configuration and the same bytes.
//
// The load is black box and cheap: raw blocking sockets, one epoll loop with one buffer, and a reader that hops from
// header to header and counts (frames.go, ops.go). Only messages that come compressed are inflated, because there is
// no other way to know how many there are. The load shares the machine with the server: wall-clock rates say as much
// about the load, so they are not in the table.
//
// What it leaves out: TLS, networks with loss or delay, kernel memory of sockets, servers of several cores against a
// load on another machine.
//
// Linux only (/proc, epoll, the process clock).
package main

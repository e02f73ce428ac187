// Command bench measures Weir beside a stock nats-server, and beside the least that a server can do, on the machine at
// hand.
//
// What it compares: CPU time of the server process for a unit of work, memory of the server process for a connection,
// latency, and bytes on the wire. The table shows medians and three ratios: stock ÷ Weir, so that 2.0 means that Weir needs
// half; stock ÷ kernel, which is what could be had at all; and Weir ÷ kernel, the distance to that. "Kernel" is the
// bare server of package kernel, in a process of its own: it only routes, and what it needs is nearly all the kernel's
// share. It has no TLS. Beside a workload stands what it should come to (table.go).
//
// How it measures: CPU is the kernel's process clock of the server, in nanoseconds, all threads; memory is Rss of
// smaps_rollup after settling, less what the same process had before its connections came, divided by their number.
// All servers get the same configuration and the same bytes.
//
// How it bears a machine that has other things to do: in each round fresh servers stand ready together and have many
// short turns, one after the other and each time in another order. A ratio is the median of the ratios turn by turn.
// Workloads that mostly wait run all at the same time, but only one of them keeps the machine busy at any moment.
// Absolute figures still wander with the machine; trust the ratios.
//
// The load (package load) is black box and cheap. It shares the machine with the server: wall-clock rates say as much
// about the load, so they are not in the table. Where latency is, the kernel's own time stamps or a steady rate keep the
// load out of it.
//
// What it leaves out: networks with loss or delay, kernel memory of sockets, servers of several cores against a load on
// another machine.
//
// Linux only (/proc, epoll, the process clock).
package main

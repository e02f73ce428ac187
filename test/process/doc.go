// Package process runs a NATS server as a process of its own, on loopback, with ports the kernel chose.
//
// It is not a mock and it has no knowledge of a server's inside: it writes a configuration file, starts the binary,
// reads stderr until `Server is ready`, and takes the ports from the log lines, as the stock clients' own tests do.
//
// One goroutine per server reads its stderr; it ends when the process does. A server is stopped by the id of its own
// process and is never left behind: the test's cleanup stops it, and on Linux the kernel kills it with its parent.
package process

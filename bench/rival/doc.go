// Package rival is the servers that bench compares: how each is built or found, started with the same configuration, and
// watched from outside while it runs: its ports, CPU time, memory and open files.
//
// A [Process] is one running server in a folder that the caller owns. It ends with [Process.Stop], or with us. One
// goroutine follows its log until then.
//
// What it is not: a load, see package load; and the bare server, which is package kernel in a process of this program.
//
// Linux only (/proc, the process clock).
package rival

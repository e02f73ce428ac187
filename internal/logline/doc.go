// Package logline writes log records as the lines that NATS operators and tools know:
//
//	[PID] 2026/11/22 11:34:08.000000 [INF] text
//	[PID] 2026/11/22 11:34:08.000000 [TRC] 127.0.0.1:5050 - cid:7 - <<- [PING]
//
// It is a [log/slog.Handler] and the place a line goes to: standard error, a file that is reopened on request and
// rotated by size, or syslog. It is not a logging interface: everybody else logs through log/slog.
//
// What becomes of the attributes of a record:
//
//   - [ConnKey] is written before the text: "conn - text";
//   - [ErrKey] is written after the text: "text: error";
//   - [StackKey] follows on lines of its own, each indented by a tab;
//   - all others are appended as key=value, the value quoted when it is not one plain word.
//
// Invariants. One record is one line, and one write. Nothing that came from a peer can start a line: CR, LF and all
// else that does not print is escaped, and no text is ever used as a format string. Debug and trace are two switches,
// as in nats-server: trace without debug is possible, and both may be thrown while the server runs. A record that is
// switched off costs one atomic load; one that is written allocates nothing but what the values themselves need.
//
// No goroutine is started. A line is formed without a lock, in a pooled buffer, and written under the lock of its [Log].
package logline

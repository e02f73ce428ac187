// Package tools holds the contracts that programs around a server rely on: flags and exit codes, the ports file and the
// pid file, the log lines that test suites parse, signals, and the JSON of the monitoring port.
package tools

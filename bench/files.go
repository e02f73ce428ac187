package main

import (
	"fmt"
	"syscall"
)

// otherFiles is how many files this process has open besides its connections: pipes, epoll sets, what the runtime needs.
const otherFiles = 100

// allowFiles raises the limit on open files, of this process and of the servers that it starts, so that it has room for so
// many connections.
func allowFiles(connections int) error {
	need := uint64(connections + otherFiles)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("limit on open files: %w", err)
	}
	if limit.Cur >= need {
		return nil
	}
	wanted := syscall.Rlimit{Cur: need, Max: max(need, limit.Max)}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &wanted); err != nil {
		return fmt.Errorf("%d connections need %d open files, but the limit is %d: raise it (ulimit -n): %w", connections, need, limit.Max, err)
	}
	return nil
}

//go:build linux || darwin

package benchmark

import "syscall"

// allowFiles sees to it that the process may have n files open. As root it raises the hard limit, too; the runtime has
// raised the soft one.
func allowFiles(n int) (have uint64, ok bool) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur >= uint64(n) {
		return limit.Cur, true
	}
	more := syscall.Rlimit{Cur: uint64(n), Max: max(limit.Max, uint64(n))}
	return limit.Cur, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &more) == nil
}

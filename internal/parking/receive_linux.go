//go:build linux && !386

// On 386 this system call is behind another one.

package parking

import (
	"syscall"
	"unsafe"
)

// receive reads from the socket fd without blocking. recvfrom spares the checks that the kernel makes for files in read, and
// what cannot block need not be announced to the scheduler.
func receive(fd int, p []byte) (int, error) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
		syscall.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

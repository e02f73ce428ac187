package transport

import (
	"syscall"
	"unsafe"
)

// maxVector is how many pieces one writev takes; the kernel's limit is 1024 (IOV_MAX).
const maxVector = 1024

// vector is the scratch of one writev.
type vector struct{ iov []syscall.Iovec }

// writeVector sends the pieces of w with one system call.
func writeVector(fd int, w *Wire) (int, error) {
	if len(w.vec) == 1 {
		return ignoringEINTR(syscall.Write, fd, w.vec[0])
	}
	iov := w.iov[:0]
	for _, p := range w.vec[:min(len(w.vec), maxVector)] {
		v := syscall.Iovec{Base: unsafe.SliceData(p)}
		v.SetLen(len(p))
		iov = append(iov, v)
	}
	w.iov = iov
	defer clear(iov)
	for {
		n, _, errno := syscall.Syscall(syscall.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&iov[0])), uintptr(len(iov)))
		if errno == 0 {
			return int(n), nil
		}
		if errno != syscall.EINTR {
			return 0, errno
		}
	}
}

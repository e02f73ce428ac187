//go:build linux && !386

// On 386 these system calls are behind another one.

package transport

import (
	"syscall"
	"unsafe"
)

// maxVector is how many pieces one writev takes; the kernel's limit is 1024 (IOV_MAX).
const maxVector = 1024

// sendFlags keep a full socket from blocking and a closed one from raising SIGPIPE, whatever its descriptor is set to.
const sendFlags = syscall.MSG_DONTWAIT | syscall.MSG_NOSIGNAL

// briefSend is the size in bytes up to which a send is not announced to the scheduler: it cannot block and takes
// microseconds, and the announcement is a twentieth of it (BenchmarkWrite).
const briefSend = 64 << 10

// vector is the scratch of one gathered write.
type vector struct{ iov []syscall.Iovec }

// writeVector sends what is left of w, as far as the socket takes it, with one system call. sendto spares
// the checks that the kernel makes for files in write.
func writeVector(fd int, w *Wire) (int, error) {
	if w.lends {
		return sendPages(fd, w)
	}
	p := w.left()
	if w.next+1 == len(w.out) {
		return sendPiece(fd, p)
	}
	iov := w.iov[:0]
	size := 0
	for i, q := range w.out[w.next:min(len(w.out), w.next+maxVector)] {
		if i == 0 {
			q = p
		}
		v := syscall.Iovec{Base: unsafe.SliceData(q)}
		v.SetLen(len(q))
		iov = append(iov, v)
		size += len(q)
	}
	w.iov = iov
	defer clear(iov)
	call := syscall.Syscall
	if size <= briefSend {
		call = syscall.RawSyscall
	}
	for {
		n, _, errno := call(syscall.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&iov[0])), uintptr(len(iov)))
		if errno == 0 {
			return int(n), nil
		}
		if errno != syscall.EINTR {
			return 0, errno
		}
	}
}

func sendPiece(fd int, p []byte) (int, error) {
	call := syscall.Syscall6
	if len(p) <= briefSend {
		call = syscall.RawSyscall6
	}
	for {
		n, _, errno := call(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), sendFlags, 0, 0)
		if errno == 0 {
			return int(n), nil
		}
		if errno != syscall.EINTR {
			return 0, errno
		}
	}
}

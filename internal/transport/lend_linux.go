//go:build linux && !386

package transport

import (
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// When much goes to many, the kernel has one copy of it for all of them: the wire writes it into a file in memory, whose pages
// sendfile hands to the sockets. A page stays what it is until the last socket is done with it, because the file is cut to nothing
// before anything else is written into it, and never overwritten.
const (
	// lendFrom is the size in bytes from which that pays (16 KiB: a sixth less for a send; 64 KiB: two fifths).
	lendFrom = 16 << 10
	// lendAt is for how many further receivers a wire is used before it is copied once more for those who follow: that
	// costs as much as some six copies of 16 KiB.
	lendAt = 8
)

// lender is the part of a wire that knows of the file.
type lender struct {
	file  *os.File // what the vector says; nil if nothing is lent
	size  int64    // in bytes
	lends bool     // the socket at hand is sent pages of it
	never bool     // the system does not do that
}

// memory is files in memory, empty ones. Those that the pool drops close themselves.
var memory sync.Pool

// lend decides whether a socket that takes the vector as it is gets pages. The vector stays the same from then on.
func (w *Wire) lend() {
	w.lends = w.file != nil || w.again == lendAt && !w.never && w.fill()
}

// fill writes the vector into a file.
func (w *Wire) fill() bool {
	w.size = 0
	for _, p := range w.out {
		w.size += int64(len(p))
	}
	if w.size < lendFrom {
		return false
	}
	if w.file, _ = memory.Get().(*os.File); w.file == nil {
		fd, err := unix.MemfdCreate("weir fan-out", unix.MFD_CLOEXEC)
		if err != nil {
			w.never = err != unix.EMFILE && err != unix.ENFILE
			return false
		}
		w.file = os.NewFile(uintptr(fd), "fan-out")
	}
	at := int64(0)
	for _, p := range w.out {
		if _, err := w.file.WriteAt(p, at); err != nil { // there is no memory
			w.recall()
			return false
		}
		at += int64(len(p))
	}
	return true
}

// recall ends the lending: the sockets keep the pages that they have.
func (w *Wire) recall() {
	if w.file == nil {
		return
	}
	f := w.file
	w.file, w.lends = nil, false
	if f.Truncate(0) == nil {
		memory.Put(f)
		return
	}
	f.Close() //nolint:errcheck // nobody needs it
}

// sendPages is writeVector for a socket that is lent pages.
func sendPages(fd int, w *Wire) (int, error) {
	for {
		at := w.total
		n, err := syscall.Sendfile(fd, int(w.file.Fd()), &at, int(w.size-at))
		switch err {
		case syscall.EINTR:
		case syscall.EINVAL, syscall.ENOSYS, syscall.EOPNOTSUPP, syscall.EPERM: // it cannot be done here
			w.recall()
			w.never = true
			return writeVector(fd, w)
		default:
			return max(n, 0), err
		}
	}
}

//go:build unix && !linux

package transport

import "syscall"

// vector is the scratch of one gathered write.
type vector struct{ gathered []byte }

// maxGather is how many bytes are gathered into one write.
const maxGather = 64 << 10

// writeVector sends the first pieces of w with one system call.
func writeVector(fd int, w *Wire) (int, error) {
	if len(w.vec) == 1 || len(w.vec[0]) >= maxGather {
		return ignoringEINTR(syscall.Write, fd, w.vec[0])
	}
	w.gathered = w.gathered[:0]
	for _, p := range w.vec {
		if len(w.gathered)+len(p) > maxGather && len(w.gathered) > 0 {
			break
		}
		w.gathered = append(w.gathered, p...)
	}
	return ignoringEINTR(syscall.Write, fd, w.gathered)
}

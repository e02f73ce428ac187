//go:build unix && (!linux || 386)

package transport

import "syscall"

// vector is the scratch of one gathered write.
type vector struct{ gathered []byte }

// maxGather is how many bytes are gathered into one write.
const maxGather = 64 << 10

// writeVector sends the first pieces of what is left of w with one system call.
func writeVector(fd int, w *Wire) (int, error) {
	p := w.left()
	if w.next+1 == len(w.out) || len(p) >= maxGather {
		return ignoringEINTR(syscall.Write, fd, p)
	}
	w.gathered = append(w.gathered[:0], p...)
	for _, q := range w.out[w.next+1:] {
		if len(w.gathered)+len(q) > maxGather {
			break
		}
		w.gathered = append(w.gathered, q...)
	}
	return ignoringEINTR(syscall.Write, fd, w.gathered)
}

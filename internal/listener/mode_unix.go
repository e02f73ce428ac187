//go:build unix

package listener

import (
	"io/fs"
	"syscall"
)

// setSocketMode sets the mode that the file of a Unix socket gets. Systems that have no such thing refuse, and the file is
// open to all that the umask allows for an instant.
func setSocketMode(raw syscall.RawConn, mode fs.FileMode) error {
	return raw.Control(func(fd uintptr) { _ = syscall.Fchmod(int(fd), uint32(mode.Perm())) })
}

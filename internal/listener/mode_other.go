//go:build !unix

package listener

import (
	"io/fs"
	"syscall"
)

// setSocketMode does nothing: files have no such mode here.
func setSocketMode(syscall.RawConn, fs.FileMode) error { return nil }

//go:build !linux

package transport

import "syscall"

// parkSocket reports false: there is no epoll here, and an idle connection keeps its goroutine.
func parkSocket(*Conn, syscall.RawConn) bool { return false }

func (c *Conn) vacate() {}

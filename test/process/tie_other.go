//go:build !linux

package process

import "os/exec"

// Tie does nothing here: only Linux can end a process with its parent.
func Tie(*exec.Cmd) {}

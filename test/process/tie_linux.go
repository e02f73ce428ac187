package process

import (
	"os/exec"
	"syscall"
)

// Tie asks the kernel to kill a process when the test binary dies, so that not even a timed-out test leaves a
// process behind.
func Tie(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

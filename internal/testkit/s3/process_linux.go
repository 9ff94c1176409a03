package s3

import (
	"os/exec"
	"runtime"
	"syscall"
)

// endWithTests ends a program when the tests end in any way, such as a time-out.
func endWithTests(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

func lockThread() { runtime.LockOSThread() }

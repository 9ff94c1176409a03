package versitygw

import (
	"os/exec"
	"runtime"
	"syscall"
)

// endWithParent ends a program when this one ends in any way, such as a time-out.
func endWithParent(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

func lockThread() { runtime.LockOSThread() }

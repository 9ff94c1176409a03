//go:build unix

package process

import (
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// ordinary is the user who runs servers.
func ordinary() (uid, gid int, err error) {
	if uid, gid = os.Getuid(), os.Getgid(); uid != 0 {
		return uid, gid, nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return 0, 0, err
	}
	if uid, err = strconv.Atoi(nobody.Uid); err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(nobody.Gid)
	return uid, gid, err
}

func asOrdinaryUser(command *exec.Cmd) {
	if uid, gid, err := ordinary(); err == nil && os.Getuid() == 0 {
		attributes(command).Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
}

func apart(command *exec.Cmd) { attributes(command).Setsid = true }

func attributes(command *exec.Cmd) *syscall.SysProcAttr {
	if command.SysProcAttr == nil {
		command.SysProcAttr = new(syscall.SysProcAttr)
	}
	return command.SysProcAttr
}

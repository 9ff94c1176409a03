//go:build unix

package postgres

import (
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// immediately is the signal that ends PostgreSQL without tidying up.
const immediately = syscall.SIGQUIT

// ordinary is the user who runs the server. PostgreSQL refuses to run as root; in its place
// nobody does.
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

func toOrdinaryUser(folder string) error {
	uid, gid, err := ordinary()
	if err != nil {
		return err
	}
	return os.Chown(folder, uid, gid)
}

func asOrdinaryUser(command *exec.Cmd) {
	if uid, gid, err := ordinary(); err == nil && os.Getuid() == 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}} //nolint:gosec // ids fit
	}
}

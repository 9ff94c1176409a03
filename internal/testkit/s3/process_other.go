//go:build !linux

package s3

import "os/exec"

func endWithTests(*exec.Cmd) {}

func lockThread() {}

//go:build !unix

package postgres

import (
	"os"
	"os/exec"
)

// immediately is the signal that ends PostgreSQL without tidying up.
var immediately = os.Kill

func toOrdinaryUser(string) error { return nil }

func asOrdinaryUser(*exec.Cmd) {}

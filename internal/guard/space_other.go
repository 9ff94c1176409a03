//go:build !(linux || darwin || freebsd)

package guard

import "errors"

func freeSpace(string) (free, total uint64, err error) { return 0, 0, errors.ErrUnsupported }

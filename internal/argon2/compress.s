// This file is empty. Go accepts functions without a body (see compress.go) only in a package with an assembly file.

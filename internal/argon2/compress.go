package argon2

import (
	_ "unsafe" // for go:linkname

	_ "golang.org/x/crypto/argon2" // has the functions
)

// The compression function [G] (section 3.5) is that of golang.org/x/crypto/argon2,
// written in assembly. The package does not export it, so it is linked by name. If
// a later version renames it, linking fails. A plain Go version takes twice the time.

// compress sets out to G(a, b).
//
//go:noescape
//go:linkname compress golang.org/x/crypto/argon2.processBlock
func compress(out, a, b *block)

// compressXOR mixes G(a, b) into out.
//
//go:noescape
//go:linkname compressXOR golang.org/x/crypto/argon2.processBlockXOR
func compressXOR(out, a, b *block)

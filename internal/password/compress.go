package password

import _ "unsafe" // for go:linkname

// The compression function G of RFC 9106 (3.5) is that of golang.org/x/crypto/argon2,
// which has it in assembly, but exports no more than whole derivations; in plain Go
// a hash takes twice as long. A release without these two would not link.

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

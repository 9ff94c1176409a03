package foreign

// The costs below are ratios of CPU times on one core of an amd64 server with SHA
// extensions and Go 1.26; BenchmarkVerify prints them. Elsewhere they are estimates. Without SHA
// extensions, SHA-1 and SHA-256 take about three times as long.

// smallMemory is enough for every algorithm that is not memory-hard, in bytes. bcrypt
// needs most: 4 KiB of state.
const smallMemory = 16 << 10

// How many iterations of PBKDF2 take as long as one KiB of Argon2.
const (
	sha1PerKiB   = 3
	sha256PerKiB = 4
	sha512PerKiB = 1
)

// cost of scrypt: it writes and reads all memory, in more work than Argon2 in one pass.
func (s scryptOf) cost() int64 { return s.n * s.r * s.p / 2 }

// bcryptCost is the cost of 2^rounds rounds.
func bcryptCost(rounds int64) int64 { return 80 << rounds }

// shaCryptCost is the cost for a password of a length in bytes. Each round hashes the
// password almost twice, and about 128 bytes of salt, digest and padding.
func (d digest) shaCryptCost(rounds int64, length int) int64 {
	perKiB := int64(640)
	if d.size == 64 {
		perKiB = 320
	}
	return rounds * int64(2*length+128) / perKiB
}

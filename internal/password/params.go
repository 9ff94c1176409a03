package password

// Params are the cost of an Argon2id hash. The number of lanes is always one: a
// server uses its cores better with several hashes at a time.
type Params struct {
	Memory uint32 // KiB
	Time   uint32 // passes over the memory
}

// Default is one of the minima of OWASP.
var Default = Params{Memory: 19456, Time: 2}

// minima are the settings for Argon2id with one lane that the OWASP Password
// Storage Cheat Sheet calls equally strong.
var minima = []Params{{47104, 1}, {19456, 2}, {12288, 3}, {9216, 4}, {7168, 5}}

// MeetsOWASP reports whether p is at least as strong as one of OWASP's minima.
func (p Params) MeetsOWASP() bool {
	for _, m := range minima {
		if p.Memory >= m.Memory && p.Time >= m.Time {
			return true
		}
	}
	return false
}

// Limits on parameters of settings and of stored hashes. RFC 9106 (section 3.1)
// demands 8 KiB a lane. The upper limits keep one hash from exhausting the machine.
const (
	MinMemory = 8           // KiB
	MaxMemory = 4 * 1 << 20 // KiB, 4 GiB
	MaxTime   = 100
)

// difference returns the cost of p that is left after a cost was spent, or zero. Cost
// is memory times passes.
func difference(p Params, spent int64) Params {
	kib := p.Cost().Time - spent
	if kib < MinMemory {
		return Params{}
	}
	passes := (kib + int64(p.Memory) - 1) / int64(p.Memory)
	return Params{Memory: uint32(kib / passes), Time: uint32(passes)} //nolint:gosec // neither is more than p's
}

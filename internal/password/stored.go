package password

import (
	"errors"

	"github.com/cardea-accounts/cardea/internal/password/foreign"
)

// MaxCost is the highest cost of a hash from elsewhere, in the unit of [Cost.Time]: the
// first choice of RFC 9106 section 4, which takes a second or two.
const MaxCost = foreign.MaxCost

// Cost is what verifying a stored hash takes.
type Cost struct {
	Memory int64 // bytes
	Time   int64 // in KiB times passes of Argon2; an estimate for hashes by other algorithms
}

// CostOf returns what verifying a stored hash takes, without any work. Errors:
// [ErrMalformed], and [foreign.ErrTooCostly] for hashes of other programs.
func CostOf(stored string) (Cost, error) {
	if own, err := parse(stored); err == nil {
		return own.Cost(), nil
	}
	h, err := parseForeign(stored)
	return Cost{Memory: h.Memory(), Time: h.Cost()}, err
}

// Cost returns what a hash made with p takes.
func (p Params) Cost() Cost {
	return Cost{Memory: int64(p.Memory) << 10, Time: int64(p.Memory) * int64(p.Time)}
}

// parseForeign reads a hash of another program.
func parseForeign(stored string) (foreign.Hash, error) {
	h, err := foreign.Parse(stored)
	if errors.Is(err, foreign.ErrUnknown) {
		err = ErrMalformed
	}
	return h, err
}

func verifyForeign(password, stored string) (bool, error) {
	h, err := parseForeign(stored)
	if err != nil {
		return false, err
	}
	return h.Verify(password)
}

// WellFormed reports whether [Verify] accepts a stored hash.
func WellFormed(stored string) bool {
	_, err := CostOf(stored)
	return err == nil
}

// IsAffordable reports whether a stored hash is well-formed, and verifying it costs no more
// than operators choose. A forged hash could take minutes and gigabytes.
func IsAffordable(stored string) bool {
	cost, err := CostOf(stored)
	return err == nil && cost.Time <= MaxCost
}

// SpendDifference spends the time by which verifying a hash made with p takes longer
// than verifying the given hash. Call it after a wrong password, so response times
// do not reveal which users have older, cheaper hashes. Users with costlier hashes, such
// as many from other programs, can be told by the longer time until their next login.
func SpendDifference(stored string, p Params) {
	cost, err := CostOf(stored)
	if err != nil {
		return
	}
	if rest := difference(p, cost.Time); rest.Time > 0 {
		spend := hash{Params: rest, lanes: lanes, salt: make([]byte, saltBytes)}
		spend.derive("", keyBytes)
	}
}

package account

import "github.com/cardea-accounts/cardea/internal/workers"

// Hashing returns the pool that hashes passwords. Tests keep its workers busy.
func (p *Passwords) Hashing() *workers.Pool { return p.hashing }

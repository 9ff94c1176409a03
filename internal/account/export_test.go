package account

import "github.com/cardea-accounts/cardea/internal/workers"

// Hashing returns the pool that hashes passwords. Tests keep its workers busy.
func (p *Passwords) Hashing() *workers.Pool { return p.hashing }

// LoginJob returns the work of a login to a user with a stored hash.
func (p *Passwords) LoginJob(hash string) (workers.Job, error) {
	_, job, err := p.loginJob(hash, queue{})
	return job, err
}

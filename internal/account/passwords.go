package account

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"
	"unicode/utf8"

	"github.com/cardea-accounts/cardea/internal/breached"
	"github.com/cardea-accounts/cardea/internal/fair"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// Password is a password as typed. It prints and marshals as [redacted]. That is a
// safety net only: fmt cannot see the method of an unexported field.
type Password string

const redacted = "[redacted]"

// Format implements [fmt.Formatter] for every verb, and with it slog's handlers.
func (Password) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText keeps passwords out of JSON.
func (Password) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Passwords owns the rules for passwords, and the pool of workers that hashes them. Its
// methods may be called from any goroutine.
type Passwords struct {
	params   password.Params
	decoy    string // a hash that no user has
	words    []string
	breached *breached.List
	hashing  *workers.Pool
	most     int64 // memory of one hash; 0: no limit
}

// A hash takes about 25 ms of a core, so 128 waiting are about three seconds of work.
// After five seconds the caller has given up.
const (
	hashesWaiting = 128 // for each worker
	hashWait      = 5 * time.Second
)

// PasswordOptions are the settings of [Passwords].
type PasswordOptions struct {
	Argon2     password.Params
	PublicURL  *url.URL       // its host is refused as a password; nil: none
	Breached   *breached.List // nil: none
	RaiseProcs bool           // see [workers.Limits]
	Memory     int64          // that all hashes together may take, in bytes; 0: no limit
	Most       int64          // that one stored hash may take when it is alone, in bytes; 0: no limit
}

// NewPasswords returns the rules for passwords. [Passwords.Close] stops the workers.
func NewPasswords(opt PasswordOptions) *Passwords {
	return &Passwords{
		params: opt.Argon2, most: opt.Most, decoy: password.Decoy(opt.Argon2), words: wordsOf(opt.PublicURL), breached: opt.Breached,
		hashing: workers.NewPool(workers.Limits{
			Waiting: hashesWaiting, Wait: hashWait, Memory: opt.Memory, Period: guard.QueuePeriod, RaiseProcs: opt.RaiseProcs,
		}),
	}
}

// Close stops the workers. Hashing fails from then on.
func (p *Passwords) Close() { p.hashing.Close() }

// Load returns figures of the hashing workers.
func (p *Passwords) Load() workers.Load { return p.hashing.Load() }

// Limits of a password, in bytes. Eight is the minimum of OWASP ASVS 5.0 (6.2.1). The
// upper limit keeps the cost of hashing independent of the input.
const (
	minPassword = 8
	maxPassword = 1024
)

// problem says why a new password is not acceptable; empty if it is. There are no
// composition rules (ASVS 6.2.5). Passwords that attackers try first are refused.
func (p *Passwords) problem(pw Password, email, name string) string {
	switch {
	case pw == "":
		return "Enter a password."
	case len(pw) > maxPassword:
		return "The password is too long: at most 1,024 bytes."
	case !utf8.ValidString(string(pw)): // it could never be sent as JSON
		return "The password is not valid UTF-8."
	case len(pw) < minPassword:
		return "The password is too short: at least 8 characters."
	case password.IsCommon(string(pw)):
		return "This password is one of the most common, which attackers try first. Choose another."
	case isOwn(pw, email, name):
		return "The password must not be your own e-mail address or name. Choose another."
	case saysOnly(pw, p.words):
		return "The password must not be the name of this service or its address. Choose another."
	}
	return ""
}

// queue says for whom a hash is, so the queue is fair between accounts and networks.
type queue struct {
	flows []fair.Flow
	known bool // a known device or a signed-in user
}

// queueFor returns the place of a client in the queue. The hashes for known devices have
// half of the workers' time to themselves, and share it by account and network too. So
// strangers who guess at an account do not make its owner wait, and an owner of many
// devices makes nobody wait.
func queueFor(client guard.Client, emailKey string, known bool) queue {
	kind := "stranger"
	if known {
		kind = "known"
	}
	return queue{guard.Flows(client, kind, emailKey), known}
}

// job is the work of verifying a stored hash, and of n new hashes.
func (p *Passwords) job(stored password.Cost, n int64, q queue) workers.Job {
	own := p.params.Cost()
	return workers.Job{
		Weight: stored.Memory + n*own.Memory,
		// A new hash takes its memory times its passes, which counts as long as its weight.
		Time:  (stored.Time + n*own.Time) << 10 / int64(p.params.Time),
		Flows: q.flows, Reserved: q.known,
	}
}

// costOf returns what verifying a hash takes. It refuses a hash that could exhaust the
// machine, unless new ones cost as much: somebody may have forged it.
func (p *Passwords) costOf(hash string) (password.Cost, error) {
	cost, err := password.CostOf(hash)
	own := p.params.Cost()
	switch {
	case err != nil:
		return cost, err
	case cost.Time > max(password.MaxCost, own.Time):
		return cost, fmt.Errorf("a stored hash takes too much time: %d KiB, times passes", cost.Time)
	case p.most > 0 && cost.Memory > max(p.most, own.Memory):
		return cost, fmt.Errorf("a stored hash takes %d MiB of memory, and the server has %d for it", cost.Memory>>20, p.most>>20)
	}
	return cost, nil
}

// hash hashes a new password. Error: invalid_input in the field, if it was breached.
func (p *Passwords) hash(ctx context.Context, pw Password, field string, q queue) (hash string, err error) {
	busy := p.hashing.Do(ctx, p.job(password.Cost{}, 1, q), func() { hash, err = p.hashNow(pw, field) })
	return hash, errors.Join(busy, err)
}

// hashNow hashes a new password unless it is in the list of breached ones (ASVS 6.2.12).
// If the list cannot be read, no password is accepted. It runs in a worker, which bounds
// how many read the list at a time.
func (p *Passwords) hashNow(pw Password, field string) (string, error) {
	found, err := p.breached.Has(string(pw))
	if err != nil {
		return "", fmt.Errorf("%w: list of breached passwords: %w", guard.ErrUnavailable, err)
	}
	if found {
		return "", guard.Invalid(map[string]string{field: "This password was found in a data breach, and attackers try those. Choose another."})
	}
	return password.Hash(string(pw), p.params), nil
}

// noPassword is the hash of a user who cannot sign in with a password until a reset, and of
// nobody.
const noPassword = ""

// orDecoy returns a hash that costs as much as others, and matches nothing, in place of
// [noPassword].
func (p *Passwords) orDecoy(hash string) string {
	if hash == noPassword {
		return p.decoy
	}
	return hash
}

// verify checks a password against a hash. It returns the hash to keep: the same one, or
// a new one if the old is weaker than the settings or another program's; empty if the
// password is wrong.
func (p *Passwords) verify(ctx context.Context, hash string, pw Password, q queue) (keep string, err error) {
	hash = p.orDecoy(hash)
	isWeak, job, err := p.loginJob(hash, q)
	if err != nil {
		return "", err
	}
	busy := p.hashing.Do(ctx, job, func() {
		var ok bool
		if ok, err = isRight(pw, hash); !ok {
			password.SpendDifference(hash, p.params)
			return
		}
		keep = hash
		if isWeak {
			keep = password.Hash(string(pw), p.params)
		}
	})
	return keep, errors.Join(busy, err)
}

// loginJob is the work of verifying a hash and replacing it, if it is weak.
func (p *Passwords) loginJob(hash string, q queue) (isWeak bool, job workers.Job, err error) {
	cost, err := p.costOf(hash)
	if isWeak = password.NeedsUpgrade(hash, p.params); isWeak {
		return true, p.job(cost, 1, q), err
	}
	return false, p.job(cost, 0, q), err
}

// isRight compares a password with a hash. One that is longer than any password takes the
// same work.
func isRight(pw Password, hash string) (bool, error) {
	ok, err := password.Verify(string(pw[:min(len(pw), maxPassword)]), hash)
	return ok && len(pw) <= maxPassword, err
}

// replace verifies the current password and hashes the next one, in one turn of the
// queue. Errors: wrong_password, invalid_input.
func (p *Passwords) replace(ctx context.Context, hash string, current, next Password, q queue) (nextHash string, err error) {
	hash = p.orDecoy(hash)
	cost, err := p.costOf(hash)
	if err != nil {
		return "", err
	}
	busy := p.hashing.Do(ctx, p.job(cost, 1, q), func() {
		var ok bool
		ok, err = isRight(current, hash)
		switch {
		case ok:
			nextHash, err = p.hashNow(next, "new_password")
		case err == nil:
			err = ErrWrongPassword
		}
	})
	return nextHash, errors.Join(busy, err)
}

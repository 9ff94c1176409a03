package guard

import (
	"time"

	"github.com/cardea-accounts/cardea/internal/network"
)

// Limit is how many attempts are allowed within a window. After that the wait lasts
// until the window has passed. It grows with further attempts, up to longestWait.
type Limit struct {
	Count  int
	Window time.Duration
}

// Rules are the limits on attempts.
type Rules struct {
	Account  Limit // wrong passwords for one account from one network
	Address  Limit // wrong passwords from one network
	Register Limit // registrations from one network

	MailRecipient Limit // messages to one address
	MailAddress   Limit // messages asked for from one network
	MailTotal     Limit // messages in all
}

const (
	firstWait   = time.Minute
	longestWait = 15 * time.Minute
	// waitSteps is the number of attempts past the limit after which the wait stops growing.
	waitSteps = 4
	// attemptsKeep is how long attempts are remembered at least. A longer window extends it.
	attemptsKeep = time.Hour
	// everywhere is how many times the limit of one network an account has from all
	// networks together.
	everywhere = 10
)

// isReached reports whether a limit was reached within its window, given the times of
// the recent attempts, newest first.
func (l Limit) isReached(attempts []time.Time, now time.Time) bool {
	return len(attempts) >= l.Count && now.Sub(attempts[l.Count-1]) < l.Window
}

// wait returns how long to wait before the next attempt, given the times of the recent
// ones, newest first. Zero means now.
func (l Limit) wait(attempts []time.Time, now time.Time) time.Duration {
	over := len(attempts) - l.Count
	if over < 0 {
		return 0
	}
	window := attempts[l.Count-1].Add(l.Window).Sub(now)
	block := attempts[0].Add(min(longestWait, firstWait<<min(over, waitSteps))).Sub(now)
	return max(0, window, block)
}

// most is how many recent attempts make a difference.
func (l Limit) most() int { return l.Count + waitSteps }

// keep is how long attempts against the limit are remembered, whatever the windows of
// other limits are.
func (l Limit) keep() time.Duration { return max(attemptsKeep, l.Window) }

// counterName is a hash, so the table of attempts holds no addresses of strangers and
// nothing that a stranger made long. The first half is that of the account, or of what
// else is counted; the second half is that of the network or device, or zero for all of them.
type counterName [32]byte

func nameCounter(kind, subject, from string) (name counterName) {
	first := hash(kind, subject)
	copy(name[:16], first[:])
	if from != "" {
		second := hash("from", from)
		copy(name[16:], second[:])
	}
	return name
}

// counter counts attempts of one kind, such as those at one account from one network.
type counter struct {
	name  counterName
	limit Limit
	// reserve is the limit that counts while the account has reached its limit from
	// everywhere. Zero means that it makes no difference.
	reserve int
}

// Counters are what an attempt counts for.
type Counters struct {
	each []counter // each refuses at its limit; a right password clears the first
	// all counts attempts at the account from everywhere. It refuses nobody. At its
	// limit, each network has no more than its reserve.
	all *counter
	// signIns count admitted attempts at the account, right or wrong. They refuse, too.
	signIns []counter
}

// list returns all counters, that of everywhere last.
func (c Counters) list() []counter {
	if c.all == nil {
		return c.each
	}
	return append(c.each[:len(c.each):len(c.each)], *c.all)
}

// byNetwork returns the counters of a subject from the networks of a client. Wide
// networks have higher limits.
func byNetwork(l Limit, kind, subject string, client Client) []counter {
	var list []counter
	for i, of := range client.Networks() {
		list = append(list, counter{
			name:  nameCounter(kind, subject, of.String()),
			limit: Limit{l.Count * network.Share(i), l.Window},
		})
	}
	return list
}

// account returns the counters of an account, which are those of each network of the
// client and that of everywhere.
func (l *Limits) account(kind, subject string, client Client, each []counter) Counters {
	for i := range each {
		each[i].reserve = network.Share(i)
	}
	limit := Limit{l.rules.Account.Count * everywhere, l.rules.Account.Window}
	return Counters{
		each: each, all: &counter{name: nameCounter(kind, subject, ""), limit: limit},
		signIns: byNetwork(Limit{maxSignIns, signInWindow}, "sign-ins", subject, client),
	}
}

// ForLogin returns the counters of a login attempt: those of the account from each
// network of the client, and those of the networks alone. A device that has signed in to
// the account before has a counter of its own in place of them, so strangers who guess
// cannot lock its owner out.
func (l *Limits) ForLogin(emailKey string, client Client, deviceID string) Counters {
	if deviceID != "" {
		own := counter{name: nameCounter("device", emailKey, deviceID), limit: l.rules.Account}
		return l.account("device", emailKey, client, []counter{own})
	}
	counters := l.account("account", emailKey, client, byNetwork(l.rules.Account, "account", emailKey, client))
	counters.each = append(counters.each, byNetwork(l.rules.Address, "address", "", client)...)
	return counters
}

// ForPassword returns the counters of an attempt at the current password by a signed-in
// user. They are separate from strangers' attempts. A thief with a session cannot lock
// its owner out either: they are on different networks.
func (l *Limits) ForPassword(userID string, client Client) Counters {
	return l.account("password", userID, client, byNetwork(l.rules.Account, "password", userID, client))
}

// ForRegistration returns the counters of a registration.
func (l *Limits) ForRegistration(client Client) Counters {
	return Counters{each: byNetwork(l.rules.Register, "registration", "", client)}
}

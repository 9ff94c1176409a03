package guard

import "time"

const (
	// changesAnHour is how many changes one user may make in an hour. That is more than one
	// a second, which no user needs. It bounds what one session can cost: 5,000 pictures to
	// decode, good or broken, and as many commits (ASVS 2.4.1).
	changesAnHour = 5000
	// A user or program that signs in twice a second is broken or hostile. Each sign-in
	// costs a hash, a commit, and lines of the log.
	signInWindow   = 10 * time.Minute
	maxSignIns     = 300 // at one account from one network, in signInWindow
	tooManyChanges = "You have made too many changes in the last hour. This one was not made. Wait a while, then try again."
)

// AdmitChange counts a change by a user before it is made. Changes are renames, ended
// sessions, and pictures set or removed. Changes that take a password are left out: the
// cost of its hash throttles them. Error: too_many_changes, with the time to wait.
func (l *Limits) AdmitChange(userID string) error {
	if !l.on {
		return nil
	}
	of := []counter{{name: nameCounter("changes", userID, ""), limit: Limit{Count: changesAnHour}}}
	if wait := l.changes.add(of, l.now()); wait > 0 {
		return &Error{Kind: KindThrottled, Code: "too_many_changes", RetryAfter: min(longestWait, wait), Message: tooManyChanges}
	}
	return nil
}

// admitSignIn counts an admitted attempt at an account, whether its password is right or
// wrong. Devices make no difference: each sign-in may get another one. It returns how long
// to wait if there were too many from one network.
func (l *Limits) admitSignIn(a *Attempt) (reached counterName, wait time.Duration) {
	list := a.counters.signIns
	if len(list) == 0 {
		return reached, 0
	}
	if wait = l.signIns.add(list, a.at); wait > 0 {
		l.pending.refuse(list[0].name, a.at, wait)
	}
	return list[0].name, wait
}

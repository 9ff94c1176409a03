package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// The users of TestCrash: what the test knows of them, what they do, and how it compares
// that with the server.

// userState is what the server must know of a user.
type userState struct {
	registered bool
	password   string
	live       []string // tokens of sessions
	strays     int      // further sessions, whose tokens were lost with the answers
	picture    *picture // nil: none
	oldNames   []string // of earlier pictures, which lead to the newest
}

// begin adds a session. Without a token it is a stray.
func (s *userState) begin(token string) {
	if token == "" {
		s.strays++
		return
	}
	s.live = append(s.live, token)
}

func (s *userState) end(token string) {
	s.live = slices.DeleteFunc(s.live, func(t string) bool { return t == token })
}

func (s *userState) endAll() { s.live, s.strays = nil, 0 }

func (s *userState) sessions() int { return len(s.live) + s.strays }

// setPicture replaces or removes the picture. Its name is kept.
func (s *userState) setPicture(next *picture) {
	if s.picture != nil {
		s.oldNames = append(s.oldNames, s.picture.name)
	}
	s.picture = next
}

// crashUser has one state or, after a request without an answer, one of two.
type crashUser struct {
	email   string
	id      string // empty until an answer has it
	now     userState
	maybe   *userState // the state if the request was carried out
	touched int        // round of the latest request

	// All that were ever valid. Those that are not valid any more must have no effect.
	passwords, tokens, pictures []string
}

// compare compares everything that the server knows of a user with a state. It ends the
// sessions that it begins, so the user stays as before.
func (u *crashUser) compare(c caller, want userState) error {
	if want.registered {
		token, err := c.login(u.email, want.password)
		if err != nil {
			return err
		}
		if token == "" {
			return errors.New("cannot log in")
		}
		if err := errors.Join(u.compareSignedIn(c, token, want), c.logout(token)); err != nil {
			return err
		}
	}
	for _, password := range u.passwords {
		if want.registered && password == want.password {
			continue
		}
		token, err := c.login(u.email, password)
		if err != nil {
			return err
		}
		if token != "" {
			return errors.Join(errors.New("can log in with a password that is not valid"), c.logout(token))
		}
	}
	return nil
}

func (u *crashUser) compareSignedIn(c caller, token string, want userState) error {
	me, err := c.get(token, "/api/user", http.StatusOK)
	if err != nil {
		return err
	}
	if u.id == "" {
		u.id = me.User.ID
	}
	if me.User.ID != u.id || me.User.Email != u.email {
		return fmt.Errorf("is %s %s, want %s %s", me.User.ID, me.User.Email, u.id, u.email)
	}
	list, err := c.get(token, "/api/sessions", http.StatusOK)
	if err != nil {
		return err
	}
	if got := len(list.Sessions) - 1; got != want.sessions() { // one is ours
		return fmt.Errorf("has %d sessions, want %d", got, want.sessions())
	}
	if err := u.compareTokens(c, want); err != nil {
		return err
	}
	return u.comparePictures(c, me.User, want.picture, want.oldNames)
}

func (u *crashUser) compareTokens(c caller, want userState) error {
	for i, token := range u.tokens {
		if !slices.Contains(want.live, token) {
			if _, err := c.get(token, "/api/user", http.StatusUnauthorized); err != nil {
				return fmt.Errorf("session %d of %d, which has ended: %w", i+1, len(u.tokens), err)
			}
			continue
		}
		me, err := c.get(token, "/api/user", http.StatusOK)
		if err != nil {
			return fmt.Errorf("session %d of %d, which is live: %w", i+1, len(u.tokens), err)
		}
		if me.User.ID != u.id {
			return fmt.Errorf("session %d of %d is that of %s, want %s", i+1, len(u.tokens), me.User.ID, u.id)
		}
	}
	return nil
}

// worker acts for users of its own, one request after the other.
type worker struct {
	caller
	number       int
	round        int
	random       *rand.Rand
	users        []*crashUser
	drawn        uint64
	acknowledged map[string]int
}

func newWorker(number int, random *rand.Rand) *worker {
	return &worker{number: number, random: random, acknowledged: map[string]int{}}
}

// operations are the things that users do, with how often they do them and the least
// number of sessions that they need.
var operations = []struct {
	name     string
	weight   int
	sessions int
	do       func(*worker, *crashUser) error
}{
	{"register", 15, 0, (*worker).register},
	{"log in", 20, 0, (*worker).login},
	{"log in again", 8, 1, (*worker).loginAgain},
	{"log out", 14, 1, (*worker).logout},
	{"upload", 25, 1, (*worker).upload},
	{"remove picture", 8, 1, (*worker).removePicture},
	{"change password", 7, 1, (*worker).changePassword},
	{"end a session", 7, 2, (*worker).endSession},
	{"end other sessions", 4, 2, (*worker).endOtherSessions},
}

// work repeats operations until a request fails, and returns why.
func (w *worker) work() error {
	for {
		u := w.pickUser()
		op := operations[0]
		if u != nil {
			op = operations[w.pickOperation(len(u.now.live))]
		}
		if err := op.do(w, u); err != nil {
			return fmt.Errorf("%s: %w", op.name, err)
		}
		w.acknowledged[op.name]++
	}
}

// pickUser prefers the latest users, so much happens to a few. It returns nil if there are
// no users yet.
func (w *worker) pickUser() *crashUser {
	if len(w.users) == 0 {
		return nil
	}
	latest := w.users[max(0, len(w.users)-4):]
	if w.random.IntN(4) == 0 {
		latest = w.users
	}
	return pick(w.random, latest)
}

func (w *worker) pickOperation(sessions int) int {
	var possible []int
	for i, op := range operations {
		if sessions >= op.sessions {
			possible = append(possible, slices.Repeat([]int{i}, op.weight)...)
		}
	}
	return pick(w.random, possible)
}

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }

// change applies a request to a state, given the token in the answer. The token is empty
// if the answer has none or never came.
type change func(s *userState, token string)

// ask sends a user's request. Until the answer is there, the state may be the one before
// or the one after.
func (u *crashUser) ask(c caller, r request, status int, apply change) error {
	after := u.now
	after.live, after.oldNames = slices.Clone(u.now.live), slices.Clone(u.now.oldNames)
	apply(&after, "")
	u.maybe = &after
	answer, err := c.send(r, status)
	if err != nil {
		return err
	}
	apply(&u.now, answer.token)
	u.maybe = nil
	if answer.token != "" {
		u.tokens = append(u.tokens, answer.token)
	}
	if u.id == "" {
		u.id = answer.User.ID
	}
	return nil
}

func (w *worker) ask(u *crashUser, r request, status int, apply change) error {
	u.touched = w.round
	return u.ask(w.caller, r, status, apply)
}

func (w *worker) register(*crashUser) error {
	email := fmt.Sprintf("user%d@worker%d.example", len(w.users)+1, w.number)
	u := &crashUser{email: email, passwords: []string{"first of " + email}, touched: w.round}
	w.users = append(w.users, u)
	return u.register(w.caller)
}

func (u *crashUser) register(c caller) error {
	first := u.passwords[0]
	r := jsonRequest("POST", "/api/register", "", testkit.Registration("aruncs", u.email, first))
	return u.ask(c, r, http.StatusCreated, func(s *userState, token string) {
		s.registered, s.password = true, first
		s.begin(token)
	})
}

func (w *worker) login(u *crashUser) error {
	r := jsonRequest("POST", "/api/login", "", testkit.Credentials(u.email, u.now.password))
	return w.ask(u, r, http.StatusOK, (*userState).begin)
}

// loginAgain logs in with a session, which ends.
func (w *worker) loginAgain(u *crashUser) error {
	old := pick(w.random, u.now.live)
	r := jsonRequest("POST", "/api/login", old, testkit.Credentials(u.email, u.now.password))
	return w.ask(u, r, http.StatusOK, func(s *userState, token string) {
		s.end(old)
		s.begin(token)
	})
}

func (w *worker) logout(u *crashUser) error {
	token := pick(w.random, u.now.live)
	r := request{method: "POST", path: "/api/logout", token: token}
	return w.ask(u, r, http.StatusOK, func(s *userState, _ string) { s.end(token) })
}

// upload uses two file names, so pictures are replaced at the same address and at
// another one.
func (w *worker) upload(u *crashUser) error {
	w.drawn++
	next := picture{pick(w.random, []string{"one.png", "two.png"}), uint64(w.number)<<32 + w.drawn}
	r, err := uploadRequest(pick(w.random, u.now.live), next)
	if err != nil {
		return err
	}
	if !slices.Contains(u.pictures, next.name) {
		u.pictures = append(u.pictures, next.name)
	}
	return w.ask(u, r, http.StatusOK, func(s *userState, _ string) { s.setPicture(&next) })
}

func (w *worker) removePicture(u *crashUser) error {
	r := request{method: "DELETE", path: "/api/upload-picture", token: pick(w.random, u.now.live)}
	return w.ask(u, r, http.StatusOK, func(s *userState, _ string) { s.setPicture(nil) })
}

// changePassword ends all sessions and begins a new one.
func (w *worker) changePassword(u *crashUser) error {
	next := fmt.Sprintf("number %d of %s", len(u.passwords)+1, u.email)
	u.passwords = append(u.passwords, next)
	r := jsonRequest("POST", "/api/password", pick(w.random, u.now.live),
		map[string]string{"current_password": u.now.password, "new_password": next})
	return w.ask(u, r, http.StatusOK, func(s *userState, token string) {
		s.password = next
		s.endAll()
		s.begin(token)
	})
}

// endSession ends one session from another one.
func (w *worker) endSession(u *crashUser) error {
	victim := w.random.IntN(len(u.now.live))
	token, by := u.now.live[victim], u.now.live[(victim+1)%len(u.now.live)]
	list, err := w.get(token, "/api/sessions", http.StatusOK)
	if err != nil {
		return err
	}
	current := slices.IndexFunc(list.Sessions, func(s testkit.Session) bool { return s.Current })
	if current < 0 {
		return errors.New("no session in the list is the current one")
	}
	r := request{method: "DELETE", path: "/api/sessions/" + list.Sessions[current].ID, token: by}
	return w.ask(u, r, http.StatusOK, func(s *userState, _ string) { s.end(token) })
}

func (w *worker) endOtherSessions(u *crashUser) error {
	token := pick(w.random, u.now.live)
	r := request{method: "DELETE", path: "/api/sessions", token: token}
	return w.ask(u, r, http.StatusOK, func(s *userState, _ string) {
		s.endAll()
		s.begin(token)
	})
}

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// What TestCrash knows of the people whom it registers, what they do, and how it
// finds out whether the server knows the same.

// account is what the server must know of a person.
type crashAccount struct {
	registered bool
	password   string
	live       []string // tokens of sessions
	strays     int      // further sessions, whose token got lost with the answer
	picture    *picture // nil: none
}

// begin adds a session; without a token, a stray.
func (a *crashAccount) begin(token string) {
	if token == "" {
		a.strays++
		return
	}
	a.live = append(a.live, token)
}

func (a *crashAccount) end(token string) {
	a.live = slices.DeleteFunc(a.live, func(t string) bool { return t == token })
}

func (a *crashAccount) endAll() { a.live, a.strays = nil, 0 }

func (a *crashAccount) sessions() int { return len(a.live) + a.strays }

// person has one account or, after a request that got no answer, one of two.
type person struct {
	email   string
	id      string // empty until the server has told
	now     crashAccount
	maybe   *crashAccount // what it is if the request was carried out
	touched int           // round of the latest request

	// All that was ever true. What is not any more must have no effect.
	passwords, tokens, pictures []string
}

// compare looks at everything of a person and returns what is not as wanted. It
// leaves the account as it was, ending each session that it begins.
func (p *person) compare(c caller, want crashAccount) error {
	if want.registered {
		token, err := c.login(p.email, want.password)
		if err != nil {
			return err
		}
		if token == "" {
			return errors.New("cannot log in")
		}
		if err := errors.Join(p.compareSignedIn(c, token, want), c.logout(token)); err != nil {
			return err
		}
	}
	for _, password := range p.passwords {
		if want.registered && password == want.password {
			continue
		}
		token, err := c.login(p.email, password)
		if err != nil {
			return err
		}
		if token != "" {
			return errors.Join(errors.New("can log in with a password that is not theirs"), c.logout(token))
		}
	}
	return nil
}

func (p *person) compareSignedIn(c caller, token string, want crashAccount) error {
	me, err := c.get(token, "/api/user", http.StatusOK)
	if err != nil {
		return err
	}
	if p.id == "" {
		p.id = me.User.ID
	}
	if me.User.ID != p.id || me.User.Email != p.email {
		return fmt.Errorf("is %s %s, want %s %s", me.User.ID, me.User.Email, p.id, p.email)
	}
	list, err := c.get(token, "/api/sessions", http.StatusOK)
	if err != nil {
		return err
	}
	if got := len(list.Sessions) - 1; got != want.sessions() { // one is ours
		return fmt.Errorf("has %d sessions, want %d", got, want.sessions())
	}
	if err := p.compareTokens(c, want); err != nil {
		return err
	}
	return p.comparePictures(c, me.User, want.picture)
}

func (p *person) compareTokens(c caller, want crashAccount) error {
	for i, token := range p.tokens {
		if !slices.Contains(want.live, token) {
			if _, err := c.get(token, "/api/user", http.StatusUnauthorized); err != nil {
				return fmt.Errorf("session %d of %d, which has ended: %w", i+1, len(p.tokens), err)
			}
			continue
		}
		me, err := c.get(token, "/api/user", http.StatusOK)
		if err != nil {
			return fmt.Errorf("session %d of %d, which lives: %w", i+1, len(p.tokens), err)
		}
		if me.User.ID != p.id {
			return fmt.Errorf("session %d of %d is that of %s, want %s", i+1, len(p.tokens), me.User.ID, p.id)
		}
	}
	return nil
}

// worker acts for people of its own, one request after the other.
type worker struct {
	caller
	number       int
	round        int
	random       *rand.Rand
	people       []*person
	drawn        uint64
	acknowledged map[string]int
}

func newWorker(number int, random *rand.Rand) *worker {
	return &worker{number: number, random: random, acknowledged: map[string]int{}}
}

// operations are what people do: how often, and with how many sessions at least.
var operations = []struct {
	name     string
	weight   int
	sessions int
	do       func(*worker, *person) error
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

// work goes on until a request fails, and returns why.
func (w *worker) work() error {
	for {
		p := w.pickPerson()
		op := operations[0]
		if p != nil {
			op = operations[w.pickOperation(len(p.now.live))]
		}
		if err := op.do(w, p); err != nil {
			return fmt.Errorf("%s: %w", op.name, err)
		}
		w.acknowledged[op.name]++
	}
}

// pickPerson prefers the latest, so that much happens to a few; nil: nobody yet.
func (w *worker) pickPerson() *person {
	if len(w.people) == 0 {
		return nil
	}
	latest := w.people[max(0, len(w.people)-4):]
	if w.random.IntN(4) == 0 {
		latest = w.people
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

// change is what a request makes of an crashAccount, given the token in its answer;
// empty: there is none in it, or the answer never came.
type change func(a *crashAccount, token string)

// ask sends a person's request. Until the answer is there, both may be true: the
// account as it was, and as it will be.
func (p *person) ask(c caller, r request, status int, apply change) error {
	after := p.now
	after.live = slices.Clone(p.now.live)
	apply(&after, "")
	p.maybe = &after
	answer, err := c.send(r, status)
	if err != nil {
		return err
	}
	apply(&p.now, answer.token)
	p.maybe = nil
	if answer.token != "" {
		p.tokens = append(p.tokens, answer.token)
	}
	if p.id == "" {
		p.id = answer.User.ID
	}
	return nil
}

func (w *worker) ask(p *person, r request, status int, apply change) error {
	p.touched = w.round
	return p.ask(w.caller, r, status, apply)
}

func (w *worker) register(*person) error {
	email := fmt.Sprintf("person%d@worker%d.example", len(w.people)+1, w.number)
	p := &person{email: email, passwords: []string{"first of " + email}, touched: w.round}
	w.people = append(w.people, p)
	return p.register(w.caller)
}

func (p *person) register(c caller) error {
	first := p.passwords[0]
	r := jsonRequest("POST", "/api/register", "", testkit.Registration("aruncs", p.email, first))
	return p.ask(c, r, http.StatusCreated, func(a *crashAccount, token string) {
		a.registered, a.password = true, first
		a.begin(token)
	})
}

func (w *worker) login(p *person) error {
	r := jsonRequest("POST", "/api/login", "", testkit.Credentials(p.email, p.now.password))
	return w.ask(p, r, http.StatusOK, (*crashAccount).begin)
}

// loginAgain presents a session, which ends.
func (w *worker) loginAgain(p *person) error {
	old := pick(w.random, p.now.live)
	r := jsonRequest("POST", "/api/login", old, testkit.Credentials(p.email, p.now.password))
	return w.ask(p, r, http.StatusOK, func(a *crashAccount, token string) {
		a.end(old)
		a.begin(token)
	})
}

func (w *worker) logout(p *person) error {
	token := pick(w.random, p.now.live)
	r := request{method: "POST", path: "/api/logout", token: token}
	return w.ask(p, r, http.StatusOK, func(a *crashAccount, _ string) { a.end(token) })
}

// upload takes one of two file names, so that a picture is replaced now at the
// same address, now at another.
func (w *worker) upload(p *person) error {
	w.drawn++
	next := picture{pick(w.random, []string{"one.png", "two.png"}), uint64(w.number)<<32 + w.drawn}
	r, err := uploadRequest(pick(w.random, p.now.live), next)
	if err != nil {
		return err
	}
	if !slices.Contains(p.pictures, next.name) {
		p.pictures = append(p.pictures, next.name)
	}
	return w.ask(p, r, http.StatusOK, func(a *crashAccount, _ string) { a.picture = &next })
}

func (w *worker) removePicture(p *person) error {
	r := request{method: "DELETE", path: "/api/upload-picture", token: pick(w.random, p.now.live)}
	return w.ask(p, r, http.StatusOK, func(a *crashAccount, _ string) { a.picture = nil })
}

// changePassword ends all sessions but the one that it begins in their place.
func (w *worker) changePassword(p *person) error {
	next := fmt.Sprintf("number %d of %s", len(p.passwords)+1, p.email)
	p.passwords = append(p.passwords, next)
	r := jsonRequest("POST", "/api/password", pick(w.random, p.now.live),
		map[string]string{"current_password": p.now.password, "new_password": next})
	return w.ask(p, r, http.StatusOK, func(a *crashAccount, token string) {
		a.password = next
		a.endAll()
		a.begin(token)
	})
}

// endSession ends one session from another one.
func (w *worker) endSession(p *person) error {
	victim := w.random.IntN(len(p.now.live))
	token, by := p.now.live[victim], p.now.live[(victim+1)%len(p.now.live)]
	list, err := w.get(token, "/api/sessions", http.StatusOK)
	if err != nil {
		return err
	}
	current := slices.IndexFunc(list.Sessions, func(s testkit.Session) bool { return s.Current })
	if current < 0 {
		return errors.New("no session in the list is the current one")
	}
	r := request{method: "DELETE", path: "/api/sessions/" + list.Sessions[current].ID, token: by}
	return w.ask(p, r, http.StatusOK, func(a *crashAccount, _ string) { a.end(token) })
}

func (w *worker) endOtherSessions(p *person) error {
	token := pick(w.random, p.now.live)
	r := request{method: "DELETE", path: "/api/sessions", token: token}
	return w.ask(p, r, http.StatusOK, func(a *crashAccount, _ string) {
		a.endAll()
		a.begin(token)
	})
}

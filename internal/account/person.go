package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// What operators do to people. They name a person by an e-mail address in any
// spelling, or by id. Nothing here is throttled.

// operator is who does all this: nobody with an address.
var operator = Client{}

// PersonDetail is a person with what else is known of them.
type PersonDetail struct {
	User
	PictureType    string    // content type; empty without a picture
	PictureUpdated time.Time // zero without a picture
	Sessions       []SessionInfo
}

// PeopleQuery asks for people in the order of their e-mail addresses.
type PeopleQuery struct {
	Search string // what the address begins with; empty: any
	After  string // the address to go on behind; empty: from the beginning
	Limit  int
}

// lastKey is greater than every compared form of an address (as UTF-8, Unicode's
// last code point sorts behind all others).
const lastKey = "\U0010ffff"

// People lists people, a page at a time.
func (s *Service) People(ctx context.Context, q PeopleQuery) ([]User, error) {
	prefix := emailKey(q.Search)
	from := prefix
	if q.After != "" {
		from = max(from, emailKey(q.After)+"\x00") // the least string behind it
	}
	rows, err := s.db.UsersByEmailKey(ctx, from, prefix+lastKey, q.Limit)
	if err != nil {
		return nil, outage(err)
	}
	list := make([]User, 0, len(rows))
	for _, r := range rows {
		list = append(list, userOf(r.User, r.Picture))
	}
	return list, nil
}

// Person finds a person. Error: user_not_found.
func (s *Service) Person(ctx context.Context, who string) (PersonDetail, error) {
	row, err := s.find(ctx, s.db, who)
	if err != nil {
		return PersonDetail{}, err
	}
	var d PersonDetail
	p, err := s.db.PictureOfUser(ctx, row.ID)
	switch {
	case err == nil:
		d.User, d.PictureType, d.PictureUpdated = userOf(row, &p), p.ContentType, p.UpdatedAt
	case errors.Is(err, store.ErrNotFound):
		d.User = userOf(row, nil)
	default:
		return PersonDetail{}, outage(err)
	}
	d.Sessions, err = s.Sessions(ctx, Session{User: d.User})
	return d, err
}

// finder is what [store.DB] and [store.Tx] have in common here.
type finder interface {
	UserByID(ctx context.Context, id string) (store.User, error)
	UserByEmailKey(ctx context.Context, key string) (store.User, error)
}

func (s *Service) find(ctx context.Context, in finder, who string) (user store.User, err error) {
	if strings.Contains(who, "@") {
		user, err = in.UserByEmailKey(ctx, emailKey(who))
	} else {
		user, err = in.UserByID(ctx, strings.TrimSpace(who))
	}
	if errors.Is(err, store.ErrNotFound) {
		return user, &Error{Kind: KindNotFound, Code: ErrUserNotFound.Code,
			Message: fmt.Sprintf("there is nobody with the e-mail address or id %q", who)}
	}
	return user, outage(err)
}

// AddPerson makes an account by the rules of a registration, without signing in.
// Errors: invalid_input, email_taken.
func (s *Service) AddPerson(ctx context.Context, r Registration) (User, error) {
	name, email, err := s.check(r)
	if err != nil {
		return User{}, err
	}
	user := store.User{ID: newID(), Name: name, Email: email, EmailKey: emailKey(email), CreatedAt: s.opt.Now()}
	if user.PasswordHash, err = s.hashForNew(ctx, user.EmailKey, r.Password, nil); err != nil {
		return User{}, outage(err)
	}
	err = s.act(ctx, EventRegistered, user.ID, operator, func(tx *store.Tx) error { return tx.CreateUser(ctx, user) })
	if errors.Is(err, store.ErrDuplicate) {
		return User{}, ErrEmailTaken
	}
	if err != nil {
		return User{}, outage(err)
	}
	return userOf(user, nil), nil
}

// ResetPassword gives a person a new password, ends all their sessions, and forgets
// the wrong passwords that were tried at the account. It returns how many sessions
// ended. Errors: user_not_found, invalid_input.
func (s *Service) ResetPassword(ctx context.Context, who string, next Password) (user User, ended int64, err error) {
	row, err := s.find(ctx, s.db, who)
	if err != nil {
		return User{}, 0, err
	}
	problems := map[string]string{}
	note(problems, "password", s.passwordProblem(next, row.Email, row.Name))
	if err := invalid(problems); err != nil {
		return User{}, 0, err
	}
	var hash string
	busy := s.hashing.Do(ctx, s.hashes(1, nil), func() { hash, err = s.hashNew(next, "password") })
	if err := errors.Join(busy, err); err != nil {
		return User{}, 0, outage(err)
	}
	err = s.act(ctx, EventPasswordChanged, row.ID, operator, func(tx *store.Tx) error {
		current, err := s.find(ctx, tx, row.ID) // a login may have made the hash stronger meanwhile
		if err != nil {
			return err
		}
		if err := tx.ReplacePasswordHash(ctx, row.ID, current.PasswordHash, hash); err != nil {
			return err
		}
		for _, c := range append(passwordCounters(row.ID), count(accountLimit, "account", row.EmailKey)) {
			if err := tx.DeleteAttempts(ctx, c.name[:]); err != nil {
				return err
			}
		}
		ended, err = tx.DeleteSessionsOfUser(ctx, row.ID, "")
		return err
	})
	return userOf(row, nil), ended, outage(err)
}

// EndSessionsOf ends all sessions of a person and returns how many. Error: user_not_found.
func (s *Service) EndSessionsOf(ctx context.Context, who string) (user User, ended int64, err error) {
	row, err := s.find(ctx, s.db, who)
	if err != nil {
		return User{}, 0, err
	}
	ended, err = s.endSessions(ctx, row.ID, "", operator)
	return userOf(row, nil), ended, err
}

// DeletePerson removes a person, their sessions and their picture with its files.
// Error: user_not_found.
func (s *Service) DeletePerson(ctx context.Context, who string) (User, error) {
	row, err := s.find(ctx, s.db, who)
	if err != nil {
		return User{}, err
	}
	var files []string
	err = s.act(ctx, EventPersonDeleted, row.ID, operator, func(tx *store.Tx) (err error) {
		if files, err = s.orphanPicture(ctx, tx, row.ID); err != nil {
			return err
		}
		return tx.DeleteUser(ctx, row.ID)
	})
	if errors.Is(err, store.ErrNotFound) { // somebody else deleted them meanwhile
		_, err = s.find(ctx, s.db, row.ID)
	}
	if err != nil {
		return User{}, outage(err)
	}
	s.discard(context.WithoutCancel(ctx), files)
	return userOf(row, nil), nil
}

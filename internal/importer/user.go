package importer

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/text"
	"github.com/cardea-accounts/cardea/internal/token"
)

// reject is why a row cannot come: a word for programs and a sentence for people.
type reject struct{ reason, message string }

func (r reject) Error() string { return r.message }

// maxValue bounds what is read of a value, in bytes. Nothing that is longer can come.
const maxValue = 4096

// user judges a row by the rules of a registration, as far as they make sense for users who
// are there already: common passwords are not known, and a name that would be refused is
// mended. One who came before is brought up to date without a password, too. A user who cannot come
// has the password hash, if there is one.
func (r *run) user(row Row, isNew bool) (u store.User, format string, err error) {
	hash, format, noHash := r.hash(row.Password, isNew)
	u.PasswordHash = hash
	if !isID(row.ID) && row.ID != "" {
		return u, "", reject{"bad_id", "the id cannot stay: ids have letters, digits and hyphens, at most 64"}
	}
	email := strings.TrimSpace(row.Email)
	if email == "" {
		return u, "", reject{"no_email", "there is no e-mail address"}
	}
	if problem := account.EmailProblem(email); problem != "" {
		return u, "", reject{"bad_email", problem}
	}
	if noHash != nil {
		return u, format, noHash
	}
	u = store.User{
		ID: row.ID, Name: nameOf(row.Name, email), Email: email, EmailKey: account.EmailKey(email),
		EmailVerified: row.IsVerified || r.opt.AllVerified, PasswordHash: hash, CreatedAt: r.createdAt(row),
	}
	if r.isSuspended(row) {
		u.SuspendedAt = store.Stored(r.now())
	}
	if u.ID == "" {
		u.ID = token.ID()
	}
	return u, format, nil
}

// isSuspended reports whether a user may not sign in there at the moment.
func (r *run) isSuspended(row Row) bool {
	now := r.now()
	return row.IsSuspended || !row.SuspendedFrom.IsZero() && !row.SuspendedFrom.After(now) || row.SuspendedUntil.After(now)
}

// createdAt is when the user registered there; now if that is unknown or to come.
func (r *run) createdAt(row Row) time.Time {
	now := r.now()
	if row.CreatedAt.IsZero() || row.CreatedAt.After(now) || row.CreatedAt.Year() < 1970 {
		return store.Stored(now)
	}
	return store.Stored(row.CreatedAt)
}

// isID reports whether an id can stay as it is. An underscore would end it in the address of
// a picture.
func isID(id string) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(c rune) bool {
		return !isAlphanumeric(c) && c != '-'
	})
}

func isAlphanumeric(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// maxName is the longest name, in characters, as that of a registration.
const maxName = 100

// nameOf mends a name, or takes the part of the address before the @ if nothing can be seen.
func nameOf(name, email string) string {
	if name = mended(name); name != "" {
		return name
	}
	local := email[:strings.LastIndexByte(email, '@')]
	return string([]rune(local)[:min(maxName, utf8.RuneCountInString(local))])
}

// mended mends a name: without control characters, at most 100 characters, and empty if nothing
// can be seen.
func mended(name string) string {
	name = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			return ' '
		case text.IsControl(c):
			return -1
		}
		return c
	}, strings.ToValidUTF8(name, ""))
	name = norm.NFC.String(strings.TrimSpace(name))
	if utf8.RuneCountInString(name) > maxName {
		name = strings.TrimSpace(string([]rune(name)[:maxName]))
	}
	if strings.ContainsFunc(name, text.ShowsAlone) {
		return name
	}
	return ""
}

// hash accepts a password hash. A new user without one comes only if that is asked for.
func (r *run) hash(typed string, isNew bool) (hash, format string, err error) {
	hash, format, err = acceptedHash(typed, r.opt.Prehashed)
	if err == nil {
		return hash, format, nil
	}
	if r.opt.WithoutPassword || !isNew {
		return "", format, nil
	}
	return "", format, err
}

// keyOf names a row of a source for good: by its id or, without one, by the address. It is
// hashed, because it stays when the user is deleted.
func keyOf(source string, row Row) []byte {
	if row.ID != "" {
		return store.ImportedID(source, row.ID)
	}
	return store.Sum(source + "\x00email:" + account.EmailKey(row.Email))
}

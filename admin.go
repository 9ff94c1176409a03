package cardea

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/breached"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
)

// Admin does what operators do to people and data, on the data folder itself. A
// [Server], also of another process, may serve the same data meanwhile, and shows
// what was done within a second. Its methods may be called from any goroutine;
// their errors are sentences for people.
type Admin struct {
	cfg      Config
	db       *store.DB
	breached *breached.List // nil: none
	accounts *account.Service
}

// Open opens a data folder that a [Server] has made. Zero fields of cfg take the
// values of [Default]. Errors: what [Config.Validate] finds, [ErrNoData], and those
// of a database that another release has made. What is done to people is logged to
// cfg.Log, an event each, as a [Server] does.
func Open(cfg Config) (*Admin, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := refuseHalfRestored(cfg); err != nil {
		return nil, err
	}
	a := &Admin{cfg: cfg}
	if err := a.open(context.Background()); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *Admin) open(ctx context.Context) (err error) {
	a.db, err = sqlite.OpenExisting(ctx, a.cfg.database())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s is missing; name the folder with --data, or start cardea serve, which makes it", ErrNoData, a.cfg.database())
	}
	if err != nil {
		return fmt.Errorf("database: cannot open it: %w", reason(err))
	}
	pictures := blob.OpenDisk(a.cfg.storage())
	if !a.db.ReadOnly() {
		if pictures, err = blob.NewDisk(a.cfg.storage()); err != nil {
			return fmt.Errorf("storage: cannot use the folder %s: %w", a.cfg.storage(), reason(err))
		}
	}
	if a.breached, err = a.cfg.breachedList(); err != nil {
		return err
	}
	a.accounts = account.New(a.db, pictures, a.cfg.accountOptions(nil, a.breached))
	return nil
}

// Close closes the data folder.
func (a *Admin) Close() error {
	if a.accounts != nil {
		a.accounts.Close()
	}
	return closeData(a.db, a.breached)
}

var (
	// ErrNoData: there is no database where the settings say.
	ErrNoData = errors.New("there is no Cardea data here")
	// ErrNoPerson: nobody has that e-mail address or id.
	ErrNoPerson = errors.New("no such person")
)

// Person is a person as operators see them.
type Person struct {
	ID            string
	Name          string
	Email         string // as typed
	EmailVerified bool
	Picture       string // path of its address, /uploads/{id}_{name}; empty without one
	CreatedAt     time.Time
}

// PersonDetail is a person with what else is known of them.
type PersonDetail struct {
	Person
	PictureType    string    // content type; empty without a picture
	PictureUpdated time.Time // zero without a picture
	Sessions       []PersonSession
}

// PersonSession is a session that is alive.
type PersonSession struct {
	ID         string
	CreatedAt  time.Time
	LastSeenAt time.Time // to the hour
	IP         string
	UserAgent  string
}

// NewPerson is somebody to be added.
type NewPerson struct{ Name, Email, Password string }

// PeopleQuery asks for a page of people in the order of their e-mail addresses.
type PeopleQuery struct {
	Search string // what the address begins with; empty: any
	After  string // the address to go on behind, as of the last person of a page; empty: from the beginning
	Limit  int    // at most; at least 1
}

// People lists people, a page at a time.
func (a *Admin) People(ctx context.Context, q PeopleQuery) ([]Person, error) {
	users, err := a.accounts.People(ctx, account.PeopleQuery(q))
	people := make([]Person, 0, len(users))
	for _, u := range users {
		people = append(people, personOf(u))
	}
	return people, inWords(err)
}

// Person finds a person by e-mail address, in any spelling, or id. Error: [ErrNoPerson].
func (a *Admin) Person(ctx context.Context, who string) (PersonDetail, error) {
	d, err := a.accounts.Person(ctx, who)
	if err != nil {
		return PersonDetail{}, inWords(err)
	}
	out := PersonDetail{Person: personOf(d.User), PictureType: d.PictureType, PictureUpdated: d.PictureUpdated}
	for _, s := range d.Sessions {
		out.Sessions = append(out.Sessions, PersonSession{s.ID, s.CreatedAt, s.LastSeenAt, s.IP, s.UserAgent})
	}
	return out, nil
}

// AuditEntry is something that happened to an account.
type AuditEntry struct {
	At      time.Time
	Event   string // such as login or password_changed
	IP      string // empty: an operator's command
	Request string // the request's id in the log; empty likewise
}

// Audit lists what happened to the account with an id, the latest first and at
// most limit; also when the person was deleted.
func (a *Admin) Audit(ctx context.Context, id string, limit int) ([]AuditEntry, error) {
	rows, err := a.accounts.Audit(ctx, id, limit)
	entries := make([]AuditEntry, 0, len(rows))
	for _, r := range rows {
		entries = append(entries, AuditEntry{r.At, string(r.Event), r.IP, r.RequestID})
	}
	return entries, inWords(err)
}

// AddPerson makes an account by the rules of a registration, without signing in.
func (a *Admin) AddPerson(ctx context.Context, p NewPerson) (Person, error) {
	u, err := a.accounts.AddPerson(ctx, account.Registration{Name: p.Name, Email: p.Email, Password: account.Password(p.Password)})
	return personOf(u), inWords(err)
}

// SetPassword gives a person a new password by the rules of a registration, and
// ends all their sessions; it returns how many. Error: [ErrNoPerson].
func (a *Admin) SetPassword(ctx context.Context, who, password string) (Person, int64, error) {
	u, ended, err := a.accounts.ResetPassword(ctx, who, account.Password(password))
	return personOf(u), ended, inWords(err)
}

// EndSessions ends all sessions of a person and returns how many. Error: [ErrNoPerson].
func (a *Admin) EndSessions(ctx context.Context, who string) (Person, int64, error) {
	u, ended, err := a.accounts.EndSessionsOf(ctx, who)
	return personOf(u), ended, inWords(err)
}

// DeletePerson removes a person with their sessions and picture. Error: [ErrNoPerson].
func (a *Admin) DeletePerson(ctx context.Context, who string) (Person, error) {
	u, err := a.accounts.DeletePerson(ctx, who)
	return personOf(u), inWords(err)
}

func personOf(u account.User) Person {
	p := Person{ID: u.ID, Name: u.Name, Email: u.Email, EmailVerified: u.EmailVerified, CreatedAt: u.CreatedAt}
	if u.Picture != nil {
		p.Picture = "/uploads/" + u.ID + "_" + u.Picture.Name
	}
	return p
}

// wordedError reads as a sentence for people.
type wordedError struct {
	words string
	err   error
}

func (e *wordedError) Error() string { return e.words }
func (e *wordedError) Unwrap() error { return e.err }

// inWords makes an error of a use case readable: which input is wrong, or what
// failed below.
func inWords(err error) error {
	e, ok := errors.AsType[*account.Error](err)
	if !ok {
		return err
	}
	switch {
	case errors.Is(e, account.ErrUserNotFound):
		return &wordedError{e.Message, ErrNoPerson}
	case len(e.Fields) > 0:
		var parts []string
		for _, field := range slices.Sorted(maps.Keys(e.Fields)) {
			parts = append(parts, field+": "+e.Fields[field])
		}
		return &wordedError{strings.Join(parts, " "), err}
	case e.Err != nil:
		return &wordedError{e.Err.Error(), err}
	}
	return &wordedError{e.Message, err}
}

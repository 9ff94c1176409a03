// Package database opens the database that the settings name: a SQLite file, or a schema on a
// PostgreSQL server. It keeps two servers from using one database. It also refuses to start on an
// empty database if the real one is lost or elsewhere.
package database

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/durable"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/postgres"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
)

// Place is where the data is: a data folder with secret.key, and a database, which may be
// elsewhere.
type Place struct {
	datadir.Dir
	server *postgres.Address // nil: the SQLite file of Dir
}

var (
	// ErrInUse means that another server serves the same database.
	ErrInUse = datadir.ErrInUse
	// ErrNoData means that there is no database where the settings say.
	ErrNoData = errors.New("there is no Cardea data here")
	// ErrElsewhere means that a database on a server is new, but there are users elsewhere.
	ErrElsewhere = errors.New("the database on the server is new")
)

// IsAddress reports whether a text is the address of a server, not the path of a SQLite file.
func IsAddress(text string) bool { return strings.Contains(text, "://") }

// Check fails if the setting of a database cannot be used. The error says what is allowed instead.
func Check(text string) error {
	switch {
	case IsAddress(text):
		return postgres.Check(text)
	case hasKeywords(text):
		return errors.New("the path of a SQLite file, or an address such as postgres://user@host/database; the form host=… dbname=… is not supported")
	}
	return nil
}

// hasKeywords reports whether a text is an address in libpq's form of keywords and values. It would
// otherwise be taken for a file name.
func hasKeywords(text string) bool {
	for _, word := range strings.Fields(text) {
		keyword, _, ok := strings.Cut(word, "=")
		if ok && slices.Contains([]string{"host", "hostaddr", "port", "user", "dbname", "password", "service", "sslmode"}, keyword) {
			return true
		}
	}
	return false
}

// At returns the place that settings name. If database or storage is empty, it is the usual file or
// folder in the data folder. passwordFile is for a server. Errors: see [postgres.ParseAddress].
func At(data, database, passwordFile, storage string) (Place, error) {
	if !IsAddress(database) {
		return Place{Dir: datadir.At(data, database, storage)}, nil
	}
	address, err := postgres.ParseAddress(database, passwordFile)
	if err != nil {
		return Place{}, err
	}
	return Place{datadir.At(data, "", storage), &address}, nil
}

// In returns the place of a data folder that has the database in it.
func In(dir datadir.Dir) Place { return Place{Dir: dir} }

// IsServer reports whether the database is on a server, not a file.
func (p Place) IsServer() bool { return p.server != nil }

// IsSameServer reports whether two places are the same schema of a database on a server.
func (p Place) IsSameServer(ctx context.Context, other Place) (bool, error) {
	if p.server == nil || other.server == nil {
		return false, nil
	}
	return postgres.IsSame(ctx, *p.server, *other.server)
}

// String names the database for operators, without a password.
func (p Place) String() string {
	if p.server != nil {
		return p.server.String()
	}
	return p.Database
}

// Await waits until the server of the database can be used, for at most patience: see
// [postgres.Await]. For a SQLite file, it returns at once.
func (p Place) Await(ctx context.Context, patience time.Duration, waiting func(reason error)) error {
	if p.server == nil {
		return nil
	}
	return postgres.Await(ctx, *p.server, patience, waiting)
}

// Serve opens the database for a server, and brings it up to date. It creates the database and the
// data folder if they are missing. hasPictures reports whether there are pictures. The returned
// function closes the database, so another server can use it. Errors: [ErrInUse], [ErrElsewhere],
// [ErrFilling], [ErrMoved], those of [datadir.Dir.Claim] and of the engines.
func (p Place) Serve(ctx context.Context, hasPictures func() (bool, error)) (db *store.DB, end func() error, err error) {
	if p.server != nil {
		return p.serveServer(ctx, hasPictures)
	}
	var lock *datadir.Lock
	err = withPictures(hasPictures, func(has func() bool) (err error) { lock, err = p.Claim(has); return err })
	if err != nil {
		return nil, nil, p.orFilling(ctx, err)
	}
	db, err = sqlite.Open(ctx, p.Database)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("database: cannot open it: %w", err), lock.Close())
	}
	end = func() error { return errors.Join(db.Close(), lock.Close()) }
	if err := p.refuseMark(ctx, db); err != nil {
		return nil, nil, errors.Join(err, end())
	}
	return db, end, nil
}

func (p Place) serveServer(ctx context.Context, hasPictures func() (bool, error)) (*store.DB, func() error, error) {
	if err := durable.MkdirAll(p.Path); err != nil {
		return nil, nil, fmt.Errorf("data: cannot create the folder: %w", err)
	}
	if err := p.refuseNew(ctx, hasPictures); err != nil {
		return nil, nil, err
	}
	db, err := postgres.Serve(ctx, *p.server)
	if errors.Is(err, postgres.ErrInUse) {
		err = p.orFilling(ctx, fmt.Errorf("%w: %v%s; stop the other one, or give this one its own schema", ErrInUse, p, heldBy(err)))
	} else if err != nil {
		err = fmt.Errorf("database: cannot open it: %w", err)
	}
	if err != nil {
		return nil, nil, err
	}
	if err := p.refuseMark(ctx, db); err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, db.Close, nil
}

// refuseNew fails if the database on the server is new, but the data folder or the picture storage
// has data of an earlier one. Then the settings name the wrong database, or the users must be moved
// first.
func (p Place) refuseNew(ctx context.Context, hasPictures func() (bool, error)) error {
	hasTables, err := p.Exists(ctx)
	if err != nil {
		return fmt.Errorf("database: cannot open it: %w", err)
	}
	if hasTables {
		return nil
	}
	if info, err := os.Stat(p.Database); err == nil && info.Size() > 0 {
		return fmt.Errorf("%w: %v has no tables yet, but there is %s. Move its users with cardea move; "+
			"or, to start without users, put that file elsewhere", ErrElsewhere, p, p.Database)
	}
	has, err := hasPictures()
	if err != nil {
		return err
	}
	if has {
		return fmt.Errorf("%w: %v has no tables yet, but there are pictures in %s. Check that it is the right database; "+
			"or, to start without users, name another storage", ErrElsewhere, p, p.Pictures)
	}
	return nil
}

// OpenExisting opens the database for a command. It changes nothing. hasPictures reports whether
// there are pictures. Errors: [ErrNoData]; [ErrFilling], [ErrMoved]; [datadir.ErrHalfRestored],
// [datadir.ErrLost]; those of the engines.
func (p Place) OpenExisting(ctx context.Context, hasPictures func() (bool, error)) (*store.DB, error) {
	db, err := p.openExisting(ctx, hasPictures)
	if err != nil {
		return nil, err
	}
	if err := p.refuseMark(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (p Place) openExisting(ctx context.Context, hasPictures func() (bool, error)) (*store.DB, error) {
	if p.server != nil {
		db, err := postgres.OpenExisting(ctx, *p.server)
		if errors.Is(err, postgres.ErrNoTables) {
			err = fmt.Errorf("%w: %w", ErrNoData, err)
		}
		return db, inDatabase(err)
	}
	if err := p.RefuseHalfRestored(); err != nil {
		return nil, err
	}
	if err := withPictures(hasPictures, p.RefuseLost); err != nil {
		return nil, err
	}
	db, err := sqlite.OpenExisting(ctx, p.Database)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is missing; name the folder with --data, or start cardea serve, which creates it", ErrNoData, p.Database)
	}
	return db, inDatabase(err)
}

// withPictures calls f with a function that reports whether there are pictures. If the storage does
// not tell, that function says yes, and withPictures returns the storage's error.
func withPictures(hasPictures func() (bool, error), f func(func() bool) error) error {
	var unseen error
	err := f(func() (has bool) { has, unseen = hasPictures(); return has || unseen != nil })
	return cmp.Or(unseen, err)
}

// inDatabase gives an error from opening a database its usual form.
func inDatabase(err error) error {
	if err == nil || errors.Is(err, ErrNoData) {
		return err
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err // without the call and the path
	}
	return fmt.Errorf("database: cannot open it: %w", err)
}

// Exists reports whether there is a database with tables. It does not check that they are Cardea's.
func (p Place) Exists(ctx context.Context) (bool, error) {
	found, err := p.look(ctx)
	return found.Tables, err
}

func (p Place) look(ctx context.Context) (found postgres.Found, err error) {
	if p.server != nil {
		return postgres.Look(ctx, *p.server)
	}
	info, err := os.Stat(p.Database)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	found.Tables = err == nil && info.Size() > 0
	return found, err
}

// LockImport makes this process the only one that imports or moves users. A server may keep
// running. Error: [datadir.ErrImporting].
func (p Place) LockImport(ctx context.Context) (io.Closer, error) {
	if p.server == nil {
		return p.Dir.LockImport()
	}
	lock, err := postgres.Lock(ctx, *p.server, "import")
	if errors.Is(err, postgres.ErrInUse) {
		err = datadir.ErrImporting
	}
	return lock, err
}

// NotDurable lists the settings of a server with which it may lose confirmed changes in a crash: see
// [postgres.NotDurable]. Files have none.
func (p Place) NotDurable(ctx context.Context) ([]string, error) {
	if p.server == nil {
		return nil, nil
	}
	return postgres.NotDurable(ctx, *p.server)
}

// heldBy says in brackets who holds the lock that an [ErrInUse] of a server is about.
func heldBy(err error) string {
	if holder := postgres.Holder(err); holder != "" {
		return " (" + holder + ")"
	}
	return ""
}

// Package account holds Cardea's rules: who may register, what signs a person in,
// how long a session lives, what becomes of a picture. It knows neither HTTP nor
// SQL text; there is one file a use case (register.go, login.go, session.go,
// password.go, profile.go, picture.go, face.go; for operators person.go, backup.go,
// restore.go, check.go).
//
// All use cases are methods of [Service], take plain values and fail with an
// [*Error] whose Kind says what sort of trouble it is; the errors that each one
// names are its codes.
package account

import (
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/breached"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// Options are what a [Service] works by. All but Breached are required.
type Options struct {
	SessionIdle  time.Duration // an unused session dies after this
	SessionMax   time.Duration // any session dies after this
	SessionCache int           // sessions kept in memory, at most
	Argon2       password.Params
	Picture      picture.Limits
	AuditKeep    time.Duration // how long events stay in the audit table
	RateLimit    bool          // throttle tries at passwords and registrations
	Secret       []byte        // key of device cookies and of the addresses of faces, SecretSize bytes
	Words        []string      // of this installation, lower-case: no passwords
	Breached     *breached.List
	Now          func() time.Time
	Log          *slog.Logger
}

// Service carries out the use cases. Its methods may be called from any goroutine.
type Service struct {
	opt      Options
	db       *store.DB
	pictures blob.Store
	hashing  *workers.Pool
	decoding *workers.Pool
	drawing  *workers.Pool
	sessions *sessionCache
	uses     uses
	decoy    string // a hash that nobody has

	throttled recently // limits that were reached
	events    eventCounts
	counted   counts

	sweepFailures atomic.Int64

	sweeping sync.Mutex
	cropped  string // up to which id of a person pictures without crops were looked at

	faces *otter.Cache[faceKey, Face]
	rows  *otter.Cache[pictureKey, *cachedPicture]
}

// Bounds of the costly work, for each core. A hash takes about 25 ms of it, so
// that 128 are 3 s of work; waiting longer than 5 s is no use to anybody. Pictures
// take longer, and those that wait hold their files in memory.
const (
	hashesWaiting   = 128
	picturesWaiting = 32
	facesWaiting    = 128
	longestWait     = 5 * time.Second
	pictureWait     = 3 * time.Second // decoding takes up to two more
)

// New returns a service over a database and a picture storage. Its background
// work is done by [Service.Run]; [Service.Close] ends it.
func New(db *store.DB, pictures blob.Store, opt Options) *Service {
	return &Service{
		opt:      opt,
		db:       db,
		pictures: pictures,
		hashing:  workers.NewPool(workers.Limits{Waiting: hashesWaiting, Wait: longestWait}),
		decoding: workers.NewPool(workers.Limits{Waiting: picturesWaiting, Wait: pictureWait, Memory: picture.DefaultMaxMemory}),
		// Who has no picture does not wait for those who upload theirs.
		drawing:  workers.NewPool(workers.Limits{Workers: 1, Waiting: facesWaiting, Wait: longestWait}),
		sessions: newSessionCache(db, opt.SessionCache),
		decoy:    password.Decoy(opt.Argon2),
		faces:    newFaceCache(),
		rows:     newPictureCache(),
	}
}

// Close ends what does the costly work. Use cases that need it fail from then on.
func (s *Service) Close() {
	s.hashing.Close()
	s.decoding.Close()
	s.drawing.Close()
}

// User is a person as others may see them: nothing here is secret.
type User struct {
	ID            string
	Name          string
	Email         string // as typed
	EmailVerified bool
	CreatedAt     time.Time
	Picture       *Picture // nil: none
}

// Picture is the address of a person's picture.
type Picture struct {
	UserID string
	Name   string // safe file name, with extension
	// Version and CropsVersion are of the content of the picture and of its crops, for
	// addresses that may be cached for ever; the latter is empty while there are no crops.
	Version, CropsVersion string
}

// Client is where a request comes from.
type Client struct {
	IP        netip.Addr
	UserAgent string
	Session   Token  // presented with the request; empty if none
	Device    Device // likewise
	RequestID string // by which the log knows the request
}

// address is the client's for records; empty if it has none.
func (c Client) address() string {
	if !c.IP.IsValid() {
		return ""
	}
	return c.IP.String()
}

// SignIn is what a client keeps once somebody has signed in.
type SignIn struct {
	Session Token
	Device  Device
}

func userOf(u store.User, p *store.Picture) User {
	out := User{ID: u.ID, Name: u.Name, Email: u.Email, EmailVerified: u.EmailVerified, CreatedAt: u.CreatedAt}
	if p != nil {
		picture := publicPicture(*p)
		out.Picture = &picture
	}
	return out
}

func publicPicture(p store.Picture) Picture {
	return Picture{UserID: p.UserID, Name: p.Name, Version: p.Version, CropsVersion: p.CropsVersion}
}

package account

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// bench is a service on a real database and folder, with a clock to turn and a
// storage that can be made to fail.
type bench struct {
	*Service
	now     time.Time
	file    string // the database
	folder  string
	storage *failingStore
	log     bytes.Buffer
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{now: time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC), folder: filepath.Join(t.TempDir(), "pictures")}
	b.file = filepath.Join(t.TempDir(), "cardea.db")
	db, err := sqlite.Open(t.Context(), b.file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	disk, err := blob.NewDisk(b.folder)
	if err != nil {
		t.Fatal(err)
	}
	b.storage = &failingStore{Store: disk}
	b.Service = New(db, b.storage, Options{
		SessionIdle: time.Hour, SessionMax: 24 * time.Hour, SessionCache: 100, Argon2: password.Params{Memory: 8, Time: 1},
		Secret: make([]byte, SecretSize), Now: func() time.Time { return b.now }, Log: slog.New(slog.NewTextHandler(&b.log, nil)),
	})
	t.Cleanup(b.Close)
	return b
}

// failingStore fails where it is told to.
type failingStore struct {
	blob.Store
	put, delete error
}

func (f *failingStore) Put(ctx context.Context, key string, data []byte) error {
	if f.put != nil {
		_ = f.Store.Put(ctx, key, data[:len(data)/2]) // half of it is there
		return f.put
	}
	return f.Store.Put(ctx, key, data)
}

func (f *failingStore) Delete(ctx context.Context, key string) error {
	if f.delete != nil {
		return f.delete
	}
	return f.Store.Delete(ctx, key)
}

func (b *bench) register(t testing.TB, email string) (User, Token) {
	t.Helper()
	user, in, err := b.Register(t.Context(), Registration{Name: "Ada", Email: email, Password: "simplepass"}, Client{})
	if err != nil {
		t.Fatal(err)
	}
	return user, in.Session
}

func (b *bench) files(t *testing.T) (files []string) {
	t.Helper()
	err := filepath.WalkDir(b.folder, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func (b *bench) orphans(t *testing.T) []string {
	t.Helper()
	keys, err := b.db.DueOrphans(t.Context(), b.now.Add(1000*time.Hour), 1000)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func upload(filename string, data []byte) Upload { return Upload{Filename: filename, Data: data} }

func pictureOf(t *testing.T, side int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The sweep removes what is too old, in more than one batch, and only that.
func TestSweepRemovesExpiredSessions(t *testing.T) {
	b := newBench(t)
	user, _ := b.register(t, "old@example.com")
	err := b.db.Tx(t.Context(), func(tx *store.Tx) error {
		for range 2*sweepBatch + 10 {
			session, _ := b.newSession(user.ID, Client{})
			if err := tx.CreateSession(t.Context(), session); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(time.Hour)
	live, token := b.register(t, "new@example.com")
	b.Sweep(t.Context())
	if rows, err := b.db.SessionsOfUser(t.Context(), user.ID, 10); err != nil || len(rows) != 0 {
		t.Errorf("%d expired sessions are left (%v)", len(rows), err)
	}
	if in, err := b.Authenticate(t.Context(), token); err != nil || in.User.ID != live.ID {
		t.Errorf("a live session: %v, %v", in, err)
	}
}

// Old by creation: used all the time, and removed all the same.
func TestSweepRemovesSessionsOfMaximumAge(t *testing.T) {
	b := newBench(t)
	user, token := b.register(t, "old@example.com")
	for range 47 {
		b.now = b.now.Add(30 * time.Minute)
		if _, err := b.Authenticate(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	b.now = b.now.Add(31 * time.Minute)
	b.Sweep(t.Context())
	if rows, err := b.db.SessionsOfUser(t.Context(), user.ID, 10); err != nil || len(rows) != 0 {
		t.Errorf("%d sessions are left (%v)", len(rows), err)
	}
}

// An upload that the storage fails leaves the old picture as it was and, after
// the sweep, nothing else.
func TestFailedUploadChangesNothing(t *testing.T) {
	b := newBench(t)
	user, token := b.register(t, "ada@example.com")
	if _, err := b.SetPicture(t.Context(), user.ID, upload("kept.png", pictureOf(t, 5)), Client{}); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		put  error
		code string
		kind Kind
	}{
		"out of order": {errors.New("no such device"), "unavailable", KindUnavailable},
		"full":         {blob.ErrFull, "storage_full", KindFull},
	} {
		b.storage.put = c.put
		_, err := b.SetPicture(t.Context(), user.ID, upload("new.png", pictureOf(t, 6)), Client{})
		if e, ok := errors.AsType[*Error](err); !ok || e.Code != c.code || e.Kind != c.kind || strings.Contains(e.Message, "device") {
			t.Errorf("storage %s: %#v", what, err)
		}
		if in, err := b.Authenticate(t.Context(), token); err != nil || in.User.Picture == nil || in.User.Picture.Name != "kept.png" {
			t.Errorf("storage %s: afterwards %+v, %v", what, in.User, err)
		}
		if files, orphans := b.files(t), b.orphans(t); len(files) != 1 || len(orphans) != 0 {
			t.Errorf("storage %s: files %v, orphans %v", what, files, orphans)
		}
	}
}

// A file that cannot be removed at once is removed by a later sweep.
func TestRemovalIsTriedAgain(t *testing.T) {
	b := newBench(t)
	user, _ := b.register(t, "ada@example.com")
	if _, err := b.SetPicture(t.Context(), user.ID, upload("a.png", pictureOf(t, 5)), Client{}); err != nil {
		t.Fatal(err)
	}
	b.storage.delete = errors.New("no such device")
	if err := b.RemovePicture(t.Context(), user.ID, Client{}); err != nil {
		t.Fatal(err)
	}
	b.Sweep(t.Context())
	if files, orphans := b.files(t), b.orphans(t); len(files) != 1 || len(orphans) != 1 {
		t.Errorf("while the storage fails: files %v, orphans %v", files, orphans)
	}
	b.storage.delete = nil
	b.Sweep(t.Context())
	if files, orphans := b.files(t), b.orphans(t); len(files) != 0 || len(orphans) != 0 {
		t.Errorf("afterwards: files %v, orphans %v", files, orphans)
	}
	if strings.Count(b.log.String(), "no such device") != 2 {
		t.Errorf("the log:\n%s", &b.log)
	}
}

// A process that died between writing a file and naming it leaves an orphan: at
// the next start it goes at once, in a running process after an hour.
func TestInterruptedUploadIsSwept(t *testing.T) {
	b := newBench(t)
	interrupt := func() {
		if err := b.storeFiles(t.Context(), []file{{store.File{Key: newBlobKey()}, []byte("half a picture")}}); err != nil {
			t.Fatal(err)
		}
	}
	interrupt()
	b.Sweep(t.Context())
	if files := b.files(t); len(files) != 1 {
		t.Fatalf("an upload under way lost its file: %v", files)
	}
	if err := b.ForgetInterrupted(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Sweep(t.Context())
	if files := b.files(t); len(files) != 0 {
		t.Errorf("left over from before the start: %v", files)
	}

	interrupt()
	b.now = b.now.Add(orphanGrace)
	b.Sweep(t.Context())
	if files := b.files(t); len(files) != 0 {
		t.Errorf("left over for an hour: %v", files)
	}
}

// An upload that took so long that its file may have been swept is refused.
func TestSweptFileIsNotNamed(t *testing.T) {
	b := newBench(t)
	user, token := b.register(t, "ada@example.com")
	key := newBlobKey()
	if err := b.storeFiles(t.Context(), []file{{store.File{Key: key}, pictureOf(t, 5)}}); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(orphanGrace)
	err := b.swapPicture(t.Context(), store.Picture{UserID: user.ID, Name: "a.png", File: store.File{Key: key}, UpdatedAt: b.now}, Client{})
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("named all the same: %v", err)
	}
	b.now = b.now.Add(-orphanGrace)
	if in, err := b.Authenticate(t.Context(), token); err != nil || in.User.Picture != nil {
		t.Errorf("afterwards: %+v, %v", in.User, err)
	}
}

// The person vanished under the request.
func TestUploadOfNobody(t *testing.T) {
	b := newBench(t)
	if _, err := b.SetPicture(t.Context(), "nobody", upload("a.png", pictureOf(t, 5)), Client{}); !errors.Is(err, ErrUserNotFound) {
		t.Errorf("error %v, want user_not_found", err)
	}
	if files, orphans := b.files(t), b.orphans(t); len(files) != 0 || len(orphans) != 0 {
		t.Errorf("files %v, orphans %v", files, orphans)
	}
}

// A picture whose file is gone is a fault of ours, not "not found".
func TestLostFile(t *testing.T) {
	b := newBench(t)
	user, _ := b.register(t, "ada@example.com")
	if _, err := b.SetPicture(t.Context(), user.ID, upload("a.png", pictureOf(t, 5)), Client{}); err != nil {
		t.Fatal(err)
	}
	p, err := b.db.PictureOfUser(t.Context(), user.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.pictures.Delete(t.Context(), p.Key); err != nil {
		t.Fatal(err)
	}
	_, err = b.OpenPicture(t.Context(), user.ID+"_a.png", 0)
	if e, ok := errors.AsType[*Error](err); !ok || e.Kind != KindUnavailable {
		t.Errorf("error %v", err)
	}
}

// A request whose client has gone away is not hashed for.
func TestGoneClientIsNotHashedFor(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.Login(ctx, "ada@example.com", "simplepass", Client{})
	if e, ok := errors.AsType[*Error](err); !ok || e.Kind != KindUnavailable {
		t.Errorf("error %v", err)
	}
}

// Past the queue for hashing, people are told to come back, and nothing is
// called a wrong password that was not looked at.
func TestBusyHashing(t *testing.T) {
	b := newBench(t)
	b.register(t, "ada@example.com")
	b.hashing.Close()
	b.hashing = workers.NewPool(workers.Limits{Workers: 1, Wait: time.Minute})
	begun, end := make(chan struct{}), make(chan struct{})
	go func() { _ = b.hashing.Do(t.Context(), workers.Job{}, func() { close(begun); <-end }) }()
	<-begun
	_, err := b.Login(t.Context(), "ada@example.com", "simplepass", Client{})
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != KindUnavailable || e.Code != "busy" || e.RetryAfter <= 0 {
		t.Errorf("error %#v", err)
	}
	close(end)
}

// Requests that race at the hour write a session's use down once.
func TestTouchOnce(t *testing.T) {
	b := newBench(t)
	b.opt.SessionIdle = 14 * 24 * time.Hour
	user, token := b.register(t, "ada@example.com")
	in, err := b.db.SessionByTokenHash(t.Context(), token.hash().bytes())
	if err != nil {
		t.Fatal(err)
	}
	start := b.now
	for _, minutes := range []time.Duration{61, 62, 63} { // each of them read the row before any wrote it
		b.touch(t.Context(), in.Session, start.Add(minutes*time.Minute))
	}
	rows, err := b.db.SessionsOfUser(t.Context(), user.ID, 1)
	if err != nil || !rows[0].LastSeenAt.Equal(start.Add(61*time.Minute)) {
		t.Errorf("last seen %v (%v)", rows[0].LastSeenAt, err)
	}
}

// A panic in one part of a sweep costs neither the other parts nor the next sweep.
func TestSweepSurvivesPanics(t *testing.T) {
	b := newBench(t)
	now := b.opt.Now
	b.opt.Now = func() time.Time { panic("oops") }
	b.Sweep(t.Context())
	log := b.log.String()
	for _, what := range []string{"sessions", "pictures", "tries"} {
		if !strings.Contains(log, "what="+what) {
			t.Errorf("the sweep of %s is not in the log", what)
		}
	}
	if !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "panic: oops") || !strings.Contains(log, "sweepTries") {
		t.Errorf("the log does not say where it panicked:\n%s", log)
	}
	b.opt.Now = now
	b.log.Reset()
	b.Sweep(t.Context())
	if log := b.log.String(); log != "" {
		t.Errorf("the next sweep: %s", log)
	}
}

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
	"github.com/cardea-accounts/cardea/internal/testkit"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

var (
	figureUsers    = flag.Int("move.users", 2000, "users of TestMoveFigure; 1000000 for a figure to quote, which takes minutes")
	figurePictures = flag.Int("move.pictures", 200, "pictures of TestMoveFigure")
	figureS3       = flag.Bool("move.s3", false, "TestMoveFigure moves the pictures to S3")
	figurePatience = flag.Duration("move.patience", time.Minute, "how long TestMoveFigure waits for the move")
)

// TestMoveFigure moves many users and pictures from SQLite and a folder to PostgreSQL and a folder or
// S3, and says how long that took, how long of it writes were paused, and how much memory it took.
func TestMoveFigure(t *testing.T) {
	testkit.Long(t)
	data := filepath.Join(t.TempDir(), "data")
	serve(t, data, cheap).stop() // makes the folder
	began := time.Now()
	fillForMove(t, data, *figureUsers, *figurePictures)
	t.Logf("%d users and %d pictures made in %v", *figureUsers, *figurePictures, time.Since(began).Round(time.Second))

	to := movePlace{testpostgres.Database(t), filepath.Join(t.TempDir(), "pictures")}
	if *figureS3 {
		to.storage = s3.New(t).Storage()
	}
	s := serve(t, data, cheap)
	move := startMove(t, data, movePlace{}, to, "--json")
	move.awaitCopied(*figurePatience)
	s.stop()
	if code := move.wait(); code != exitOK {
		t.Fatalf("exit code %d: %s", code, &move.stderr)
	}
	usage, ok := move.cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("no figures of the process")
	}
	load, _ := os.ReadFile("/proc/loadavg") // only for the record
	t.Logf("%sat most %d MiB of memory; load %s", move.stdout.String(), usage.Maxrss/1024, strings.TrimSpace(string(load)))
}

// fillForMove adds users with a session each, of whom the first have pictures.
func fillForMove(t *testing.T, data string, users, pictures int) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(data, "cardea.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // everything is committed
	now := time.Now()
	png := testkit.PNG(64, 64)
	const batch = 10_000
	for first := 0; first < users; first += batch {
		err := db.Tx(t.Context(), func(tx *store.Tx) error {
			for n := first; n < min(first+batch, users); n++ {
				id := fmt.Sprintf("u%07dabcdefgh", (n*7919)%users) // as random as real ones
				email := id + "@example.com"
				user := store.User{ID: id, Name: "Name of " + id, Email: email, EmailKey: email, CreatedAt: now,
					PasswordHash: "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b4dWRWJTmaaJObGRdescudvJCs"}
				session := store.Session{ID: "s" + id, TokenHash: []byte("thirty-two bytes of " + id)[:32], UserID: id, CreatedAt: now, LastSeenAt: now, ConfirmedAt: now,
					IP: "192.0.2.1", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"}
				if err := errors.Join(tx.CreateUser(t.Context(), user), tx.CreateSession(t.Context(), session)); err != nil {
					return err
				}
				if n < pictures {
					if err := errors.Join(tx.SetPicture(t.Context(), givePicture(id, png, now)), writePicture(data, "p"+id, png)); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// givePicture is a picture whose crops are the picture itself, as those of small ones are.
func givePicture(userID string, png []byte, now time.Time) store.Picture {
	file := store.File{Key: "p" + userID, ContentType: "image/png", Version: media.Version(png)}
	picture := store.Picture{UserID: userID, Name: "face.png", File: file, CropsVersion: "crops", UpdatedAt: now}
	for _, side := range media.Sides {
		picture.Crops = append(picture.Crops, store.Crop{Side: side, File: file})
	}
	return picture
}

func writePicture(data, key string, png []byte) error {
	folder := filepath.Join(data, "pictures", key[:2])
	return errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(filepath.Join(folder, key), png, 0o600))
}

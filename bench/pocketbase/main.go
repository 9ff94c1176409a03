// Command pocketbase is an unchanged PocketBase (pocketbase.New) with an additional
// command, seed, that fills it for the benchmark.
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"strconv"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"
	"github.com/spf13/cobra"
	"golang.org/x/crypto/bcrypt"
)

func main() {
	app := pocketbase.New()
	app.RootCmd.AddCommand(&cobra.Command{
		Use:   "seed USERS PASSWORD",
		Short: "Fill an empty folder, and print the id and an auth token of each user",
		Args:  cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			n, err := strconv.Atoi(args[0])
			if err != nil {
				return err
			}
			return seed(app, n, args[1])
		},
	})
	if err := app.Start(); err != nil {
		log.Fatal(err)
	}
}

func seed(app core.App, n int, password string) error {
	if err := app.RunAllMigrations(); err != nil {
		return err
	}
	if err := configure(app); err != nil {
		return err
	}
	// PocketBase's own cost.
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		return err
	}
	users, err := app.FindCollectionByNameOrId("users")
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	err = app.RunInTransaction(func(tx core.App) error {
		for i := range n {
			token, id, err := add(tx, users, i, string(hash))
			if err != nil {
				return err
			}
			fmt.Fprintln(out, id, token)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return out.Flush()
}

// configure changes two settings of a new PocketBase. It turns the request log off,
// because PocketBase writes each request to a database. And it allows avatars as large
// as Cardea's, with a thumbnail of the measured size.
func configure(app core.App) error {
	settings := app.Settings()
	settings.Logs.MaxDays = 0
	if err := app.Save(settings); err != nil {
		return err
	}
	users, err := app.FindCollectionByNameOrId("users")
	if err != nil {
		return err
	}
	avatar := users.Fields.GetByName("avatar").(*core.FileField)
	avatar.MaxSize = 10 << 20
	avatar.Thumbs = []string{"512x512"}
	return app.Save(users)
}

// add writes a user with a given hash, and returns the token that a login would
// return.
func add(app core.App, users *core.Collection, number int, hash string) (token, id string, err error) {
	id = fmt.Sprintf("user%011d", number)
	key := security.RandomString(50)
	email := fmt.Sprintf("user%07d@example.com", number)
	_, err = app.NonconcurrentDB().Insert("users", dbx.Params{
		"id": id, "tokenKey": key, "email": email, "password": hash, "name": fmt.Sprintf("User %07d", number),
		"created": "2026-11-22 15:04:05.000Z", "updated": "2026-11-22 15:04:05.000Z",
	}).Execute()
	if err != nil {
		return "", "", err
	}
	record := core.NewRecord(users)
	record.Id = id
	record.SetTokenKey(key)
	token, err = record.NewAuthToken()
	return token, id, err
}

package scenario

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// A user who leaves takes everything along: sessions, pictures, links, and queued mail. A last
// message says so, and the address can be registered again.
func TestDeleteAccount(t *testing.T) {
	server := testkit.Start(t, testkit.Development)
	ada := server.Register(t, "ada@example.com")
	phone := server.Login(t, "ada@example.com")
	ada.Upload("me.png", testkit.PNG(5, 5)).Want(200)
	id, picture := ada.User().ID, ada.Crops()[64]
	ada.Post("/api/password/forgot", body{"email": "ada@example.com"}).Want(202)
	reset := server.Mail(t, "ada@example.com", "reset").Token()
	server.NewClient(t).Delete("/api/user").WantError(401, "not_logged_in")
	if a := ada.Delete("/api/user").Want(200); a.Cookie == nil || a.Cookie.MaxAge >= 0 {
		t.Errorf("the cookie stays: %v", a.Cookies)
	}
	for _, c := range []*testkit.Client{ada, phone} {
		c.Get("/api/user").WantError(401, "not_logged_in")
	}
	ada.Get(picture).Want(404)
	ada.Post("/api/password/reset", body{"token": reset, "new_password": "a better one"}).WantError(400, "invalid_token")
	if got := server.Purposes(t, "ada@example.com"); got != "notice" {
		t.Errorf("mail: %s", got)
	}
	server.Register(t, "ada@example.com")
	server.Stop()
	if files := server.StoredFiles(t); len(files) != 0 {
		t.Errorf("files %v", files)
	}
	if _, ips := auditOf(t, server, id); len(ips) != 1 || ips[""] == 0 {
		t.Errorf("addresses of the events: %v", ips)
	}
}

// A user downloads what is kept about them, without secrets.
func TestExport(t *testing.T) {
	server := testkit.Start(t, testkit.Development)
	ada := server.Register(t, "ada@example.com")
	ada.Upload("me.png", testkit.PNG(5, 5)).Want(200)
	answer := ada.Get("/api/user/export").Want(200)
	archive, err := zip.NewReader(bytes.NewReader(answer.Body), int64(len(answer.Body)))
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string][]byte{}
	for _, file := range archive.File {
		f, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if contents[file.Name], err = io.ReadAll(f); err != nil {
			t.Fatal(err)
		}
	}
	var account struct {
		User     testkit.User
		Sessions []testkit.Session
		Events   []struct{ Event string }
	}
	if err := json.Unmarshal(contents["account.json"], &account); err != nil {
		t.Fatal(err)
	}
	if account.User.Email != "ada@example.com" || len(account.Sessions) != 1 || len(account.Events) != 3 {
		t.Errorf("%+v", account)
	}
	if len(contents["picture.png"]) == 0 {
		t.Error("no picture")
	}
	if text := string(contents["account.json"]); strings.Contains(text, "argon2") || strings.Contains(text, ada.Cookie) {
		t.Error("it has secrets")
	}
	server.NewClient(t).Get("/api/user/export").WantError(401, "not_logged_in")
}

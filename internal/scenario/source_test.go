package scenario

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// A client of the source document, a note about a Flask backend, works unchanged. The curl
// lines of the note, sent in order, get the answers that the note shows.
func TestSourceDocument(t *testing.T) {
	server := testkit.Start(t)
	server.Register(t, "test@gmail.com") // the note starts with this user in the database
	client := server.NewClient(t)

	// curl -v -X POST http://127.0.0.1:5000/api/login -H "Content-Type: application/json" \
	//   -d '{ "password": "simplepass", "email": "test@gmail.com"}'
	login := client.Send("POST", "/api/login", "application/json",
		[]byte("{\n \"password\": \"simplepass\", \"email\": \"test@gmail.com\"}"))
	login.Want(http.StatusOK).WantBody(`{"status":"success","message":"Login successful!"}`)
	cookie := login.Header.Get("Set-Cookie")
	for _, part := range []string{"session=", "; HttpOnly", "; Path=/"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("Set-Cookie: %s, want %q in it", cookie, part)
		}
	}

	// curl -s http://localhost:5000/ --cookie "session=…"
	client.Get("/").Want(http.StatusOK).
		WantBody(`{"status":"success","user":{"name":"aruncs","email":"test@gmail.com"}}`)

	// curl -X POST http://localhost:5000/upload_profile_pic -F "profile_pic=@test.png" --cookie "session=…"
	form, contentType := testkit.Form(t, "profile_pic", "test.png", testkit.PNG(300, 200))
	upload := client.Send("POST", "/upload_profile_pic", contentType, form).Want(http.StatusOK)
	want := regexp.MustCompile(`^\{"status":"success","message":"Profile picture updated",` +
		`"profile_pic_url":"` + regexp.QuoteMeta(server.URL) + `/uploads/[a-z2-7]{16}_test\.png"\}$`)
	if !want.Match(upload.Body) {
		t.Errorf("upload: %s", upload.Body)
	}
}

// The login example of the note also sends a name, which is ignored. The note's code has
// the route /login, its text /api/login. Both work.
func TestSourceDocumentLoginWithName(t *testing.T) {
	server := testkit.Start(t)
	server.Register(t, "test@gmail.com")
	for _, path := range []string{"/api/login", "/login"} {
		server.NewClient(t).Post(path, testkit.Registration("", "test@gmail.com", "simplepass")).
			Want(http.StatusOK).WantBody(`{"status":"success","message":"Login successful!"}`)
	}
}

// Errors have the messages of the note's code.
func TestSourceDocumentErrors(t *testing.T) {
	server := testkit.Start(t)
	signedIn := server.Register(t, "test@gmail.com")
	stranger := server.NewClient(t)

	message := func(a *testkit.Answer, status int, message string) {
		t.Helper()
		if e := a.Want(status).Envelope(); e.Status != "error" || e.Message != message {
			t.Errorf("got %s, want the message %q", a.Body, message)
		}
	}
	message(stranger.Get("/"), 401, "Not logged in")
	message(stranger.Get("/api/user"), 401, "Not logged in")
	message(stranger.Upload("test.png", testkit.PNG(8, 8)), 401, "Unauthorized")
	message(stranger.Post("/login", testkit.Credentials("test@gmail.com", "wrong")), 401, "Invalid credentials")
	message(stranger.Post("/login", testkit.Credentials("nobody@gmail.com", "simplepass")), 401, "Invalid credentials")
	message(stranger.Post("/login", map[string]any{}), 401, "Invalid credentials")
	message(signedIn.Post("/upload_profile_pic", nil), 400, "No file uploaded")
	message(signedIn.Upload("", testkit.PNG(8, 8)), 400, "No file uploaded")
	message(signedIn.Upload("test.pdf", testkit.PNG(8, 8)), 400, "Invalid file type")
	signedIn.Upload("blob", testkit.PNG(8, 8)).Want(200) // not as in the note: browsers send this name for a canvas

	form, contentType := testkit.Form(t, "picture", "test.png", testkit.PNG(8, 8))
	message(signedIn.Send("POST", "/upload_profile_pic", contentType, form), 400, "No file uploaded")
}

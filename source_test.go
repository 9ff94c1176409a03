package cardea_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// A client that was written for the source document, a note about a Flask
// backend, works unchanged: what its curl lines send, in their order, gets the
// answers that the note shows.
func TestSourceDocument(t *testing.T) {
	server := testkit.Start(t)
	server.Register(t, "test@gmail.com") // the note begins with this person in the database
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
	form, contentType := testkit.Form(t, "profile_pic", "test.png", pngOf(300, 200))
	upload := client.Send("POST", "/upload_profile_pic", contentType, form).Want(http.StatusOK)
	want := regexp.MustCompile(`^\{"status":"success","message":"Profile picture updated",` +
		`"profile_pic_url":"` + regexp.QuoteMeta(server.URL) + `/uploads/[a-z2-7]{16}_test\.png"\}$`)
	if !want.Match(upload.Body) {
		t.Errorf("upload: %s", upload.Body)
	}
}

// The note's login example lists a name among what is sent; it is ignored. Its
// code has the route /login, its text /api/login: both work.
func TestSourceDocumentLoginWithName(t *testing.T) {
	server := testkit.Start(t)
	server.Register(t, "test@gmail.com")
	for _, path := range []string{"/api/login", "/login"} {
		server.NewClient(t).Post(path, testkit.Person("", "test@gmail.com", "simplepass")).
			Want(http.StatusOK).WantBody(`{"status":"success","message":"Login successful!"}`)
	}
}

// What the note's code answers when something is wrong.
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
	message(stranger.Upload("test.png", pngOf(8, 8)), 401, "Unauthorized")
	message(stranger.Post("/login", testkit.Credentials("test@gmail.com", "wrong")), 401, "Invalid credentials")
	message(stranger.Post("/login", testkit.Credentials("nobody@gmail.com", "simplepass")), 401, "Invalid credentials")
	message(stranger.Post("/login", map[string]any{}), 401, "Invalid credentials")
	message(signedIn.Post("/upload_profile_pic", nil), 400, "No file uploaded")
	message(signedIn.Upload("", pngOf(8, 8)), 400, "No file uploaded")
	message(signedIn.Upload("test.pdf", pngOf(8, 8)), 400, "Invalid file type")
	signedIn.Upload("blob", pngOf(8, 8)).Want(200) // not as in the note: browsers send this name for a canvas

	form, contentType := testkit.Form(t, "picture", "test.png", pngOf(8, 8))
	message(signedIn.Send("POST", "/upload_profile_pic", contentType, form), 400, "No file uploaded")
}

package apps

import (
	"bytes"
	"encoding/json"
	"image"
	"net/url"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// user is somebody with a browser who finds the notebook.
func (n *notebook) user() *visitor {
	u := newUser(n.t)
	u.Transport = n.front.Client().Transport
	return &visitor{u, n.front.URL}
}

// visitor is a user of the notebook.
type visitor struct {
	*user
	at string
}

// call sends JSON, and wants a status.
func (v *visitor) call(status int, method, path string, body map[string]string) string {
	v.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		v.t.Fatal(err)
	}
	page := v.send(method, v.at+path, string(data), "Content-Type", "application/json", "Accept", "application/json")
	if page.status != status {
		v.t.Fatalf("%s %s: %d %s", method, path, page.status, page.text)
	}
	return page.text
}

func (v *visitor) register(name string) *visitor {
	v.t.Helper()
	v.call(201, "POST", "/api/register", map[string]string{"name": name, "email": address(name), "password": "simplepass"})
	return v
}

// address is a user's, except Eve's, which no mail server would take.
func address(name string) string {
	if name == "Eve" {
		return "eve@"
	}
	return strings.ToLower(name) + "@example.com"
}

func (v *visitor) login(status int, name, password string) {
	v.t.Helper()
	v.call(status, "POST", "/api/login", map[string]string{"email": address(name), "password": password})
}

func (v *visitor) upload(filename string, picture []byte) {
	v.t.Helper()
	form, contentType := testkit.Form(v.t, "profile_pic", filename, picture)
	if page := v.send("POST", v.at+"/api/upload-picture", string(form), "Content-Type", contentType); page.status != 200 {
		v.t.Fatalf("the upload: %d %s", page.status, page.text)
	}
}

func (v *visitor) note(text string) {
	v.t.Helper()
	if page := v.send("POST", v.at+"/notes", "text="+url.QueryEscape(text)); page.status != 200 {
		v.t.Fatalf("a note: %d %s", page.status, page.text)
	}
}

// seesNotes opens the notes, which have a name and texts.
func (v *visitor) seesNotes(parts ...string) {
	v.t.Helper()
	page := v.get(v.at + "/notes")
	if page.status != 200 || page.at != v.at+"/notes" {
		v.t.Fatalf("the notes: %d at %s: %s", page.status, page.at, page.text)
	}
	want(v.t, page.text, parts...)
}

// seesPicture opens a picture, which has a width.
func (v *visitor) seesPicture(path string, width int) {
	v.t.Helper()
	picture, _, err := image.Decode(bytes.NewReader([]byte(v.get(v.at + path).text)))
	if err != nil || picture.Bounds().Dx() != width {
		v.t.Errorf("%s: %v", path, err)
	}
}

// cookie returns the value of a cookie that the browser has for the notebook.
func (v *visitor) cookie(t *testing.T, name string) string {
	t.Helper()
	at, err := url.Parse(v.at)
	if err != nil {
		t.Fatal(err)
	}
	cookies := v.Jar.Cookies(at)
	for _, cookie := range cookies {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	t.Fatalf("the browser has no cookie %s: %v", name, cookies)
	return ""
}

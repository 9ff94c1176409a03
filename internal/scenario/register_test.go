package scenario

import (
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

func TestRegisterSignsIn(t *testing.T) {
	server := testkit.Start(t)
	client := server.NewClient(t)
	answer := client.Post("/api/register", testkit.Registration("aruncs", " Test@Gmail.com\n", "simplepass")).Want(http.StatusCreated)
	want := regexp.MustCompile(`^\{"status":"success","message":"Registration successful!","user":` +
		`\{"id":"[a-z2-7]{16}","name":"aruncs","email":"Test@Gmail\.com","email_verified":false,"language":null,` +
		`"profile_pic_url":null,"profile_pic_urls":null,"avatar_url":"http://127\.0\.0\.1:\d+/avatars/[a-z2-7]+\.png","created_at":"2026-11-22T15:04:05Z"\}\}$`)
	if !want.Match(answer.Body) {
		t.Errorf("body %s", answer.Body)
	}
	user := client.Get("/api/user").Want(http.StatusOK)
	if got := user.Envelope().User; !reflect.DeepEqual(got, answer.Envelope().User) {
		t.Errorf("GET /api/user says %+v", got)
	}
}

func TestRegisterRefuses(t *testing.T) {
	server := testkit.Start(t)
	server.Register(t, "taken@example.com")
	good := testkit.Registration("Ada Lovelace", "ada@example.com", "simplepass")
	long := strings.Repeat("x", 5000)
	for _, c := range []struct {
		field string
		value any
	}{
		{"name", nil}, {"name", ""}, {"name", " \t"}, {"name", "a\nb"}, {"name", "a\x00b"}, {"name", "\u202eevil"},
		{"name", strings.Repeat("n", 101)}, {"name", long}, {"name", "\u200b"},
		{"email", nil}, {"email", ""}, {"email", "ada"}, {"email", "@example.com"}, {"email", "ada@"},
		{"email", "ada@example.com, bob@example.com"}, {"email", "Ada <ada@example.com>"}, {"email", "<ada@example.com>"},
		{"email", "ada@@example.com"}, {"email", "ada@exa mple.com"}, {"email", "a\x00da@example.com"},
		{"email", "ada(comment)@example.com"}, {"email", "ada\u200b@example.com"}, {"email", "ada\r\nBcc: x@example.com"},
		{"email", strings.Repeat("a", 243) + "@example.com"}, {"email", long + "@example.com"},
		{"password", nil}, {"password", ""}, {"password", "1234567"}, {"password", strings.Repeat("p", 1025)},
		{"password", "password"}, {"password", "PassWord123"}, {"password", "12345678"}, {"password", "iloveyou1"},
		{"password", "ADA@example.com"}, {"password", "ada lovelace"},
	} {
		body := map[string]any{}
		for k, v := range good {
			body[k] = v
		}
		body[c.field] = c.value
		answer := server.NewClient(t).Post("/api/register", body).WantError(http.StatusBadRequest, "invalid_input")
		errors := answer.Envelope().Errors
		if len(errors) != 1 || errors[c.field] == "" {
			t.Errorf("%s %.40q: errors %v, want one for this field", c.field, c.value, errors)
		}
		if answer.Cookie != nil {
			t.Errorf("%s %.40q: a cookie was set", c.field, c.value)
		}
	}
	all := server.NewClient(t).Post("/api/register", map[string]any{}).WantError(http.StatusBadRequest, "invalid_input")
	if got := all.Envelope().Errors; len(got) != 3 {
		t.Errorf("empty registration: %v, want an error for each of three fields", got)
	}
	server.NewClient(t).Post("/api/register", testkit.Registration("Ada", "TAKEN@example.com", "simplepass")).
		WantError(http.StatusConflict, "email_taken")
	server.NewClient(t).Post("/api/register", good).Want(http.StatusCreated) // the refused registrations left nothing
}

func TestRegisterAccepts(t *testing.T) {
	server := testkit.Start(t)
	for i, c := range []struct{ name, email, password string }{
		{"ü", "a+tag@sub.example.com", "äöü¡ñß€"},
		{strings.Repeat("名", 100), "o'brien@example.com", "  spaces are kept  "},
		{"👩‍💻 Ada", "üser@exämple.com", strings.Repeat("x", 1024)},
		{"O'Brien <script>", "a@localhost", "nul\x00inside"},
		{"  trimmed  ", strings.Repeat("a", 242) + "@example.com", "simplepass"},
	} {
		client := server.NewClient(t)
		client.Post("/api/register", testkit.Registration(c.name, c.email, c.password)).Want(http.StatusCreated)
		if got := client.User().Name; got != strings.TrimSpace(c.name) {
			t.Errorf("%d: name %q", i, got)
		}
		again := server.NewClient(t)
		again.Post("/api/login", testkit.Credentials(c.email, c.password)).Want(http.StatusOK)
		again.Post("/api/login", testkit.Credentials(c.email, c.password+" ")).Want(http.StatusUnauthorized)
		again.Post("/api/login", testkit.Credentials(c.email, strings.ToUpper(c.password)+"1")).Want(http.StatusUnauthorized)
	}
}

// Of many registrations of one address at once, in any spelling, exactly one succeeds.
// The others get 409.
func TestRegisterRace(t *testing.T) {
	server := testkit.Start(t)
	spellings := []string{"Rénée@Example.com", "rénée@example.com", "re\u0301ne\u0301e@example.com", "RE\u0301NÉE@EXAMPLE.COM"}
	const racers = 100
	var mu sync.Mutex
	statuses := map[int]int{}
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			a := server.NewClient(t).Post("/api/register",
				testkit.Registration(fmt.Sprint("racer ", i), spellings[i%len(spellings)], "simplepass"))
			mu.Lock()
			defer mu.Unlock()
			statuses[a.Status]++
		})
	}
	wg.Wait()
	if statuses[201] != 1 || statuses[409] != racers-1 {
		t.Errorf("statuses %v, want one 201 and %d times 409", statuses, racers-1)
	}
	for _, email := range spellings {
		server.Login(t, email)
	}
}

func TestRegisterEndsTheSessionPresented(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "first@example.com")
	old := client.Cookie
	client.Post("/api/register", testkit.Registration("second", "second@example.com", "simplepass")).Want(http.StatusCreated)
	if got := client.User().Email; got != "second@example.com" {
		t.Errorf("signed in as %s", got)
	}
	client.Cookie = old
	client.Get("/api/user").Want(http.StatusUnauthorized)
}

// Passwords made of the installation's own names are refused.
func TestPasswordsFromTheInstallationsNames(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) { c.PublicURL = "https://accounts.example.com" })
	for _, password := range []string{"cardea123", "!!Cardea2026!!", "accounts1", "12example34", "accounts.example.com", "EXAMPLE-2026"} {
		answer := server.NewClient(t).Post("/api/register", testkit.Registration("Ada", "ada@bletchley.org", password)).WantError(400, "invalid_input")
		if answer.Envelope().Errors["password"] == "" {
			t.Errorf("%s: %s", password, answer.Body)
		}
	}
	client := server.NewClient(t)
	client.Post("/api/register", testkit.Registration("Ada", "ada@bletchley.org", "hinges of cardea")).Want(201)
	client.Post("/api/password", testkit.PasswordChange("hinges of cardea", "cardea!!!")).WantError(400, "invalid_input")
	client.Post("/api/password", testkit.PasswordChange("hinges of cardea", "2026-11-22")).Want(200) // without letters

	server = testkit.Start(t) // without a public URL
	server.NewClient(t).Post("/api/register", testkit.Registration("Ada", "ada@bletchley.org", "localhost99")).WantError(400, "invalid_input")

	server = testkit.Start(t, func(c *cardea.Config) { c.PublicURL = "https://konten.bücherei.example" })
	server.NewClient(t).Post("/api/register", testkit.Registration("Ada", "ada@bletchley.org", "Bücherei1")).WantError(400, "invalid_input")
}

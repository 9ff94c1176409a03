package scenario

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/smtpsink"
)

var mailAttempts = flag.Int("timing.mail", 2, "how many attempts TestMailTiming makes for each kind of address; "+
	"from 30 on it compares the times too; make check makes 400")

// Whoever asks for mail learns neither from the bytes of the answer nor from its time whether
// an address is known. The attempts alternate. Mail is really sent, and each address is asked
// for once, as an attacker with a list would.
func TestMailTiming(t *testing.T) {
	register := func(email string) body { return testkit.Registration("Ada", email, "simplepass") }
	ask := func(email string) body { return body{"email": email} }
	guess := func(email string) body {
		return body{"email": email, "code": "BCDF-GHJK", "new_password": "a better one"}
	}
	for _, c := range []struct {
		name, path string
		body       func(email string) body
		status     int
		isVerified bool
		option     testkit.Option
	}{
		{"forgot", "/api/password/forgot", ask, 202, false, testkit.Throttled},
		{"forgot, verified", "/api/password/forgot", ask, 202, true, testkit.Throttled},
		{"login by mail", "/api/login/email", ask, 202, true, testkit.LoginByMail},
		{"registration", "/api/register", register, 202, false, testkit.VerifiesFirst},
		{"registration, verified", "/api/register", register, 202, true, testkit.VerifiesFirst},
		{"verification again", "/api/email/verification", ask, 202, false, testkit.VerifiesFirst},
		{"verification again, verified", "/api/email/verification", ask, 202, true, testkit.VerifiesFirst},
		{"wrong code after forgot", "/api/password/reset", guess, 400, true, testkit.Throttled},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := withKnownUsers(t, c.isVerified)
			sink := smtpsink.Start(t, smtpsink.Options{})
			server := testkit.Start(t, testkit.On(data), testkit.Throttled, c.option, outOfTheWay, func(c *cardea.Config) {
				c.SMTPURL, c.MailFrom = "smtp://"+sink.Address, "accounts@acme.example"
				d := cardea.Default()
				c.Argon2Memory, c.Argon2Time = d.Argon2Memory, d.Argon2Time
			})
			server.Clock.Advance(48 * time.Hour) // the users are not of today
			line := dialLine(t, server.URL)
			var times [2][]float64 // of known and unknown addresses
			var answers [2][]byte
			for i := range *mailAttempts {
				server.Clock.Advance(time.Second) // beyond the windows of the limits
				emails := [2]string{knownUser(i), fmt.Sprintf("other%d@example.com", i)}
				for _, k := range rand.Perm(2) {
					ip := fmt.Sprintf("10.0.%d.%d", i/250, i%250)
					if c.status == 400 {
						line.post(t, ip, "/api/password/forgot", ask(emails[k]), 202)
					}
					took, answer := line.post(t, ip, c.path, c.body(emails[k]), c.status)
					times[k] = append(times[k], took)
					answers[k] = answer
				}
				if !bytes.Equal(answers[0], answers[1]) {
					t.Fatalf("known:\n%s\nunknown:\n%s", answers[0], answers[1])
				}
			}
			if *mailAttempts < 30 {
				return
			}
			known, unknown := median(times[0]), median(times[1])
			p, ratio := mannWhitney(times[0], times[1]), known/unknown
			t.Logf("%d attempts each, the bytes are equal: medians %v known, %v unknown (ratio %.3f), Mann-Whitney p = %.3f",
				*mailAttempts, time.Duration(known), time.Duration(unknown), ratio, p)
			if p < 0.001 && (ratio < 0.95 || ratio > 1.05) { // as in TestLoginTiming
				t.Error("the time reveals whether an address is known")
			}
		})
	}
}

func knownUser(i int) string { return fmt.Sprintf("known%d@example.com", i) }

// withKnownUsers returns a data folder with the users that [knownUser] names.
func withKnownUsers(t *testing.T, areVerified bool) (data string) {
	t.Helper()
	server := testkit.Start(t, testkit.Development)
	for i := range *mailAttempts {
		ada := server.Register(t, knownUser(i))
		if areVerified {
			ada.Post("/api/email/verify", body{"token": server.Mail(t, knownUser(i), "verify").Token()}).Want(http.StatusOK)
		}
	}
	server.Stop()
	return server.Data
}

// outOfTheWay lets no limit be reached. They are all looked at as usual.
func outOfTheWay(c *cardea.Config) {
	c.Limits = "register=100/1s,mail-recipient=5/1s,mail-address=20/1s,mail-total=1000/1s"
}

// line is one connection, which shows the bytes of the answers.
type line struct {
	conn net.Conn
	host string
	in   *bufio.Reader
	seen *bytes.Buffer
}

func dialLine(t *testing.T, url string) line {
	t.Helper()
	conn, seen := testkit.Dial(t, url), &bytes.Buffer{}
	return line{conn, conn.RemoteAddr().String(), bufio.NewReader(io.TeeReader(conn, seen)), seen}
}

// unlike is what differs between any two answers: the time, the request, the browser.
var unlike = regexp.MustCompile(`(\r\nDate: |\r\nX-Request-Id: |\r\nSet-Cookie: session-browser=)[^;\r]+`)

// post sends a request from an IP address, without cookies. It returns the time until the whole answer was there,
// in nanoseconds, and the answer without what differs between any two.
func (l line) post(t *testing.T, ip, path string, sent body, status int) (took float64, answer []byte) {
	t.Helper()
	data, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	l.seen.Reset()
	start := time.Now()
	fmt.Fprintf(l.conn, "POST %s HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		path, l.host, ip, len(data), data)
	res, err := http.ReadResponse(l.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(io.Discard, res.Body)
	took = float64(time.Since(start))
	if err = errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != status {
		t.Fatalf("%v; %s", err, l.seen)
	}
	return took, slices.Clone(unlike.ReplaceAll(l.seen.Bytes(), []byte("$1")))
}

package password

import (
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/password/foreign"
	"github.com/cardea-accounts/cardea/internal/workers"
)

const (
	flask  = "scrypt:32768:8:1$salt$" + "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	php    = "$2y$04$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"
	hours  = "$2y$31$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"
	django = "argon2$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$cpx6VEQbwTVZvcpxNIxOVUWZ5xnAipUmAe1cg2GMG70"
)

func TestForeignHashes(t *testing.T) {
	if ok, err := Verify("password", django); !ok || err != nil {
		t.Errorf("Django's: %v, %v", ok, err)
	}
	if ok, err := Verify("passwort", django); ok || err != nil {
		t.Errorf("another password: %v, %v", ok, err)
	}
	for _, stored := range []string{django, flask, php} {
		if !WellFormed(stored) || !IsAffordable(stored) || !NeedsUpgrade(stored, cheap) {
			t.Errorf("%s: %v, %v, %v", stored, WellFormed(stored), IsAffordable(stored), NeedsUpgrade(stored, cheap))
		}
		SpendDifference(stored, cheap)
	}
	if cost, err := CostOf(flask); err != nil || cost.Memory>>20 != 32 || cost.Time <= Default.Cost().Time {
		t.Errorf("cost %+v, %v", cost, err)
	}
	if cost, err := CostOf(php); err != nil || cost.Time >= Default.Cost().Time {
		t.Errorf("cost %+v, %v", cost, err)
	}
	if ok, err := Verify("password", hours); ok || !errors.Is(err, foreign.ErrTooCostly) {
		t.Errorf("a costly one: %v, %v", ok, err)
	}
	for _, stored := range []string{hours, "", "secret", flask + "0"} {
		if WellFormed(stored) || IsAffordable(stored) {
			t.Errorf("%s is accepted", stored)
		}
	}
	if ok, err := Verify("password", "secret"); ok || !errors.Is(err, ErrMalformed) {
		t.Errorf("no hash: %v, %v", ok, err)
	}
}

// BenchmarkLogin shows how long a wrong password takes with the hash of each format, and the
// right one, after which there is a new hash. Argon2id is the one of other users.
func BenchmarkLogin(b *testing.B) {
	data, err := os.ReadFile("foreign/testdata/vectors.tsv")
	if err != nil {
		b.Fatal(err)
	}
	type user struct{ format, password, stored string }
	users := []user{{"Argon2id", "simplepass", Hash("simplepass", Default)}}
	costliest := map[string]int{} // index of each format
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		u := user{format: f[0], stored: f[3]}
		if err := json.Unmarshal([]byte(f[2]), &u.password); err != nil {
			b.Fatal(err)
		}
		at, ok := costliest[u.format]
		if !ok {
			costliest[u.format] = len(users)
			users = append(users, u)
		} else if costOf(b, u.stored) > costOf(b, users[at].stored) {
			users[at] = u
		}
	}
	for _, u := range users {
		login := func(password string) func(*testing.B) {
			return func(b *testing.B) {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				began := workers.ThreadTime()
				for b.Loop() {
					switch ok, err := Verify(password, u.stored); {
					case err != nil, ok != (password == u.password):
						b.Fatal(ok, err)
					case !ok:
						SpendDifference(u.stored, Default)
					case NeedsUpgrade(u.stored, Default):
						Hash(u.password, Default)
					}
				}
				b.ReportMetric(float64((workers.ThreadTime()-began).Milliseconds())/float64(b.N), "cpu-ms/op")
			}
		}
		name := u.format + " " + u.stored[:24]
		b.Run(name+"/wrong", login("wrongpass"))
		b.Run(name+"/right", login(u.password))
	}
}

func costOf(b *testing.B, stored string) int64 {
	cost, err := CostOf(stored)
	if err != nil {
		b.Fatal(err)
	}
	return cost.Time
}

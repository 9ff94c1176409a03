package account_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// foreignHash is a hash that another program made.
type foreignHash struct {
	format, hash string
	password     account.Password
}

// foreignHashes returns one hash of each format and library.
func foreignHashes(t testing.TB) []foreignHash {
	t.Helper()
	data, err := os.ReadFile("../password/foreign/testdata/vectors.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var all []foreignHash
	seen := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		var pw string
		if err := json.Unmarshal([]byte(f[2]), &pw); err != nil {
			t.Fatal(err)
		}
		if kind := f[0] + " " + f[1]; pw != "" && !seen[kind] {
			seen[kind] = true
			all = append(all, foreignHash{kind, f[3], account.Password(pw)})
		}
	}
	return all
}

// storeHash gives a user another hash, as an import does.
func storeHash(t testing.TB, h *house.House, userID, hash string) {
	t.Helper()
	err := h.DB.Tx(t.Context(), func(tx *store.Tx) error {
		row, err := tx.UserByID(t.Context(), userID)
		return errors.Join(err, tx.ReplacePasswordHash(t.Context(), userID, row.PasswordHash, hash))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func storedHash(t testing.TB, h *house.House, userID string) string {
	t.Helper()
	row, err := h.DB.UserByID(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	return row.PasswordHash
}

// Users with the hash of another program sign in as before. The first login, not a wrong
// password, replaces the hash by Cardea's own.
func TestLoginUpgradesForeignHashes(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	for _, c := range foreignHashes(t) {
		storeHash(t, h, ada.ID, c.hash)
		login := func(pw account.Password) error {
			_, err := h.Accounts.Login(t.Context(), ada.Email, pw, guard.Client{})
			return err
		}
		if err := login(c.password + "x"); !errors.Is(err, account.ErrInvalidCredentials) && len(c.password) < 72 {
			t.Errorf("%s: a wrong password: %v", c.format, err)
		}
		if got := storedHash(t, h, ada.ID); got != c.hash {
			t.Errorf("%s: a wrong password changed the hash to %s", c.format, got)
		}
		if err := login(c.password); err != nil {
			t.Errorf("%s: %s: %v", c.format, c.hash, err)
		}
		upgraded := storedHash(t, h, ada.ID)
		if !strings.HasPrefix(upgraded, "$argon2id$v=19$m=8,t=1,p=1$") {
			t.Errorf("%s: after the login: %s", c.format, upgraded)
		}
		if err := login(c.password); err != nil || storedHash(t, h, ada.ID) != upgraded {
			t.Errorf("%s: the second login: %v", c.format, err)
		}
	}
}

// Confirming the password upgrades too, and a change replaces the hash at once.
func TestForeignHashInOtherCalls(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, token := h.Register(t, "ada@example.com")
	in, err := h.Sessions.Find(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	c := foreignHashes(t)[0]
	storeHash(t, h, ada.ID, c.hash)
	if err := h.Accounts.Confirm(t.Context(), in, "wrongpass", guard.Client{}); !errors.Is(err, account.ErrWrongPassword) {
		t.Errorf("confirmed by a wrong password: %v", err)
	}
	if err := h.Accounts.Confirm(t.Context(), in, c.password, guard.Client{}); err != nil || !strings.HasPrefix(storedHash(t, h, ada.ID), "$argon2id$") {
		t.Errorf("confirmed: %v; hash %s", err, storedHash(t, h, ada.ID))
	}
	storeHash(t, h, ada.ID, c.hash)
	client := guard.Client{Session: token}
	if _, err := h.Accounts.ChangePassword(t.Context(), in, "wrongpass", "vexed otter", client); !errors.Is(err, account.ErrWrongPassword) {
		t.Errorf("changed by a wrong password: %v", err)
	}
	if _, err := h.Accounts.ChangePassword(t.Context(), in, c.password, "vexed otter", client); err != nil {
		t.Errorf("changed: %v", err)
	}
	if _, err := h.Accounts.Login(t.Context(), ada.Email, "vexed otter", guard.Client{}); err != nil {
		t.Errorf("the new password: %v", err)
	}
}

// A forged row cannot make the server work for minutes, or take all memory.
func TestForgedHashesAreNotVerified(t *testing.T) {
	const salted = "$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	for _, forged := range []string{
		"none",
		"$argon2id$v=19$m=4194304,t=1,p=1" + salted,
		"$argon2id$v=19$m=32768,t=100,p=1" + salted,
		"$argon2i$v=19$m=4194304,t=1,p=1" + salted,
		"$2b$31$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
		"$6$rounds=999999999$salt$" + strings.Repeat("A", 86),
	} {
		storeHash(t, h, ada.ID, forged)
		done := h.Passwords.Hashing().Load().Done
		_, err := h.Accounts.Login(t.Context(), ada.Email, house.Password, guard.Client{})
		if e, ok := errors.AsType[*guard.Error](err); !ok || e.Kind != guard.KindInternal {
			t.Errorf("%s: %v", forged, err)
		}
		if h.Passwords.Hashing().Load().Done != done {
			t.Errorf("%s took work", forged)
		}
	}
}

// The workers count the memory and time of the stored hash, and those of the new one that
// replaces it.
func TestWeightOfForeignHashes(t *testing.T) {
	const mib = 1 << 20
	hash := password.Params{Memory: 16 << 10, Time: 2}
	passwords := account.NewPasswords(account.PasswordOptions{Argon2: hash, Most: 64 * mib})
	defer passwords.Close()
	hex := strings.Repeat("00", 64)
	for _, c := range []struct {
		hash         string
		weight, time int64 // in MiB, rounded down; the time is as of so much memory in two passes
	}{
		{password.Decoy(hash), 16, 16},
		{password.Decoy(password.Params{Memory: 16 << 10, Time: 3}), 16, 24},
		{password.Decoy(password.Params{Memory: 16 << 10, Time: 1}), 32, 24}, // and a new one
		{"sha256$salt$" + hex[:64], 16, 16},
		{"scrypt:32768:8:1$salt$" + hex, 48, 80},
		{"$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", 16, 176},
	} {
		job, err := passwords.LoginJob(c.hash)
		if err != nil || job.Weight/mib != c.weight || job.Time/mib != c.time {
			t.Errorf("%s: %d MiB, time as of %d MiB, %v; want %d and %d", c.hash, job.Weight/mib, job.Time/mib, err, c.weight, c.time)
		}
	}
	if _, err := passwords.LoginJob("scrypt:65536:8:1$salt$" + hex); err == nil {
		t.Error("64 MiB and a little more are accepted, although the limit is 64 MiB")
	}
}

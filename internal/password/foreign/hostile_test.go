package foreign_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/password/foreign"
)

const (
	hex64   = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	bcrypt1 = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"
	key43   = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

// costly are the first hashes beyond the limits, with those at the limits before them.
var costly = []struct{ most, tooMuch string }{
	{"scrypt:131072:8:1$salt$" + hex64 + hex64, "scrypt:262144:8:1$salt$" + hex64 + hex64},
	{"scrypt:2:8:1$salt$" + hex64 + hex64, "scrypt:1073741824:8:1$salt$" + hex64 + hex64},
	{"scrypt:2:1:1024$salt$" + hex64 + hex64, "scrypt:8388608:1024:1024$salt$" + hex64 + hex64},
	{"scrypt:32768:8:16$salt$" + hex64 + hex64, "scrypt:32768:8:17$salt$" + hex64 + hex64},
	{"pbkdf2:sha256:8388608$salt$" + hex64, "pbkdf2:sha256:8388612$salt$" + hex64},
	{"pbkdf2:sha1:6291456$salt$" + hex64[:40], "pbkdf2:sha1:6291459$salt$" + hex64[:40]},
	{"pbkdf2:sha512:2097152$salt$" + hex64 + hex64, "pbkdf2:sha512:2147483647$salt$" + hex64 + hex64},
	{"pbkdf2_sha256$8388608$salt$" + key43 + "=", "pbkdf2_sha256$2147483647$salt$" + key43 + "="},
	{"$pbkdf2-sha256$8388608$c2FsdA$" + key43, "$pbkdf2-sha256$8388612$c2FsdA$" + key43},
	{strings.Replace(bcrypt1, "12", "14", 1), strings.Replace(bcrypt1, "12", "15", 1)},
	{strings.Replace(bcrypt1, "12", "04", 1), strings.Replace(bcrypt1, "12", "31", 1)},
	{"$scrypt$ln=17,r=8,p=1$c2FsdA$" + key43, "$scrypt$ln=18,r=8,p=1$c2FsdA$" + key43},
	{"$scrypt$ln=1,r=8,p=1$c2FsdA$" + key43, "$scrypt$ln=2147483647,r=8,p=1$c2FsdA$" + key43},
	{"$argon2i$v=19$m=262144,t=8,p=1$c29tZXNhbHQ$" + key43, "$argon2i$v=19$m=262145,t=8,p=1$c29tZXNhbHQ$" + key43},
	{"$argon2d$v=19$m=8,t=262144,p=1$c29tZXNhbHQ$" + key43, "$argon2d$v=19$m=8,t=262145,p=1$c29tZXNhbHQ$" + key43},
	{"$argon2id$v=19$m=512,t=1,p=64$c29tZXNhbHQ$" + key43, "$argon2id$v=19$m=2147483647,t=2147483647,p=1$c29tZXNhbHQ$" + key43},
	{"$5$rounds=10485760$salt$" + key43, "$5$rounds=10485770$salt$" + key43},
	{"$6$rounds=5242880$salt$" + key43 + key43, "$6$rounds=999999999$salt$" + key43 + key43},
	{"$firebase-scrypt$mem_cost=17,rounds=8$AA==$$AA==$AA==", "$firebase-scrypt$mem_cost=18,rounds=8$AA==$$AA==$AA=="},
}

func TestLimits(t *testing.T) {
	for _, c := range costly {
		if h, err := foreign.Parse(c.most); err != nil || h.Memory() > foreign.MaxMemory || h.Cost() > foreign.MaxCost {
			t.Errorf("%s: %v; memory %d, cost %d", c.most, err, h.Memory(), h.Cost())
		}
		if _, err := foreign.Parse(c.tooMuch); !errors.Is(err, foreign.ErrTooCostly) {
			t.Errorf("%s: %v", c.tooMuch, err)
		}
	}
}

// unknown are damaged hashes, and those of programs that are not supported.
var unknown = map[string]string{
	"empty": "", "a dollar": "$", "dollars": "$$$$$", "many dollars": strings.Repeat("$", 1024),
	"colons": "::::", "plain text": "simplepass", "a name only": "scrypt:", "another": "$2b$",
	"far too long": "scrypt:2:8:1$" + strings.Repeat("A", 1<<20) + "$" + hex64 + hex64,
	"too long":     "scrypt:2:8:1$" + strings.Repeat("A", 1024) + "$" + hex64 + hex64,
	"MD5 crypt":    "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/", "yescrypt": "$y$j9T$abc$def", "scrypt of crypt(3)": "$7$CU..../....abc$def",
	"bcrypt 2x": strings.Replace(bcrypt1, "2b", "2x", 1), "bcrypt 2": strings.Replace(bcrypt1, "2b", "2", 1),
	"plain of Werkzeug": "plain$$simplepass", "Django without a password": "!abcdefghij",

	"PBKDF2 without iterations": "pbkdf2:sha256$salt$" + hex64,
	"PBKDF2 with no iteration":  "pbkdf2:sha256:0$salt$" + hex64,
	"PBKDF2 with a sign":        "pbkdf2:sha256:+1$salt$" + hex64,
	"PBKDF2 with a zero":        "pbkdf2:sha256:01$salt$" + hex64,
	"PBKDF2 beyond 31 bits":     "pbkdf2:sha256:2147483648$salt$" + hex64,
	"PBKDF2 beyond 64 bits":     "pbkdf2:sha256:99999999999999999999$salt$" + hex64,
	"PBKDF2 of MD5":             "pbkdf2:md5:1$salt$" + hex64[:32],
	"PBKDF2 of no digest":       "pbkdf2::1$salt$",
	"PBKDF2 without a salt":     "pbkdf2:sha256:1$$" + hex64,
	"PBKDF2 without a key":      "pbkdf2:sha256:1$salt$",
	"key too short":             "pbkdf2:sha256:1$salt$" + hex64[2:],
	"key too long":              "pbkdf2:sha256:1$salt$00" + hex64,
	"key in upper case":         "pbkdf2:sha256:1$salt$" + strings.ToUpper(hex64),
	"another field":             "pbkdf2:sha256:1$salt$" + hex64 + "$",
	"a space":                   "pbkdf2:sha256:1$sa lt$" + hex64,
	"a line break":              "pbkdf2:sha256:1$salt$" + hex64 + "\n",
	"a NUL":                     "pbkdf2:sha256:1$sa\x00lt$" + hex64,
	"not ASCII":                 "pbkdf2:sha256:1$sält$" + hex64,
	"empty digest":              "sha256$salt$",
	"unknown digest":            "sha224$salt$" + hex64[:56],

	"scrypt with N 1":         "scrypt:1:8:1$salt$" + hex64 + hex64,
	"scrypt with N 3":         "scrypt:3:8:1$salt$" + hex64 + hex64,
	"scrypt with r 0":         "scrypt:2:0:1$salt$" + hex64 + hex64,
	"scrypt with r 1025":      "scrypt:2:1025:1$salt$" + hex64 + hex64,
	"scrypt with negative p":  "scrypt:2:8:-1$salt$" + hex64 + hex64,
	"scrypt with huge p":      "scrypt:2:8:1073741824$salt$" + hex64 + hex64,
	"passlib's without p":     "$scrypt$ln=1,r=8$c2FsdA$" + key43,
	"passlib's with ln 0":     "$scrypt$ln=0,r=8,p=1$c2FsdA$" + key43,
	"passlib's another order": "$scrypt$r=8,ln=1,p=1$c2FsdA$" + key43,
	"passlib's stray bits":    "$scrypt$ln=1,r=8,p=1$c2FsdB$" + key43,
	"passlib's with +":        "$pbkdf2-sha256$1$++++$" + key43,

	"bcrypt without rounds":    strings.Replace(bcrypt1, "$12$", "$", 1),
	"bcrypt with 3 rounds":     strings.Replace(bcrypt1, "12", "03", 1),
	"bcrypt with 32 rounds":    strings.Replace(bcrypt1, "12", "32", 1),
	"bcrypt with a short cost": strings.Replace(bcrypt1, "12", "4", 1),
	"bcrypt too short":         bcrypt1[:59],
	"bcrypt too long":          bcrypt1 + ".",
	"bcrypt's stray bits":      strings.Replace(bcrypt1, "kh2O", "kh2P", 1),
	"bcrypt twice marked":      foreign.FlaskBcryptLong(foreign.FlaskBcryptLong(bcrypt1)),
	"Django's bcrypt cut":      "bcrypt$",
	"Django's other bcrypt":    "bcrypt$x" + bcrypt1,

	"Argon2 of version 16":       "$argon2i$v=16$m=8,t=1,p=1$c29tZXNhbHQ$" + key43,
	"Argon2 of no version":       "$argon2i$m=8,t=1,p=1$c29tZXNhbHQ$" + key43,
	"Argon2 with little memory":  "$argon2i$v=19$m=15,t=1,p=2$c29tZXNhbHQ$" + key43,
	"Argon2 with 65 lanes":       "$argon2i$v=19$m=520,t=1,p=65$c29tZXNhbHQ$" + key43,
	"Argon2 with a short salt":   "$argon2i$v=19$m=8,t=1,p=1$AAAA$" + key43,
	"Argon2 without a key":       "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$",
	"Argon2 with a long key":     "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$" + strings.Repeat("A", 172),
	"Django's Argon2 cut":        "argon2$",
	"Django's Argon2 of no kind": "argon2$argon2x$v=19$m=8,t=1,p=1$c29tZXNhbHQ$" + key43,

	"SHA-crypt with few rounds":  "$5$rounds=999$salt$" + key43,
	"SHA-crypt with a long salt": "$5$saltsaltsaltsalts$" + key43,
	"SHA-crypt with a bad salt":  "$5$sal*t$" + key43,
	"SHA-crypt cut":              "$5$salt$" + key43[1:],
	"SHA-crypt without rounds":   "$5$rounds=$salt$" + key43,

	"Firebase without a signer":   "$firebase-scrypt$mem_cost=1,rounds=8$$$AA==$",
	"Firebase with another size":  "$firebase-scrypt$mem_cost=1,rounds=8$AA==$$AA==$AAA=",
	"Firebase with address chars": "$firebase-scrypt$mem_cost=1,rounds=8$__==$$AA==$AA==",
}

func TestUnknown(t *testing.T) {
	for what, s := range unknown {
		if _, err := foreign.Parse(s); !errors.Is(err, foreign.ErrUnknown) {
			t.Errorf("%s: %.100q: %v", what, s, err)
		}
	}
}

// Refusing a hash takes less than a millisecond and little memory, whatever it asks for.
func TestRefusalsAreCheap(t *testing.T) {
	hostile := []string{}
	for _, s := range unknown {
		hostile = append(hostile, s)
	}
	for _, c := range costly {
		hostile = append(hostile, c.tooMuch)
	}
	for _, s := range hostile {
		fastest := time.Hour
		allocations := testing.AllocsPerRun(10, func() {
			began := time.Now()
			_, _ = foreign.Parse(s)
			fastest = min(fastest, time.Since(began))
		})
		if fastest > time.Millisecond || allocations > 30 {
			t.Errorf("%.100q: %v, %v allocations", s, fastest, allocations)
		}
	}
}

// Whatever character of a hash changes, the password no longer matches.
func TestChangedHashes(t *testing.T) {
	tried := map[string]bool{}
	for _, v := range vectors(t) {
		kind := v.format + " " + v.library
		if v.password == "" || parse(t, v.hash).Cost() > 4000 || tried[kind] {
			continue
		}
		tried[kind] = true
		for i := range v.hash {
			for _, c := range []byte{v.hash[i] ^ 1, '$'} {
				changed := v.hash[:i] + string(c) + v.hash[i+1:]
				h, err := foreign.Parse(changed)
				if err != nil || sameBcrypt.Replace(changed) == sameBcrypt.Replace(v.hash) || h.Cost() > 8000 {
					continue
				}
				if matches(t, h, v.password) {
					t.Errorf("%s by %s still matches %q as %s", v.hash, v.library, v.password, changed)
				}
			}
		}
	}
	if len(tried) < 15 {
		t.Errorf("tried %v", tried)
	}
}

// sameBcrypt undoes the one difference that makes none.
var sameBcrypt = strings.NewReplacer("$2a$", "$2b$", "$2y$", "$2b$", "$2a,", "$2b,")

// bcrypt ignores what follows the 72nd byte, as the libraries did that made the hashes. With
// SHA-256 before it, every byte counts.
func TestBcryptOfLongPasswords(t *testing.T) {
	for _, v := range vectors(t) {
		if len(v.password) < 100 || !strings.Contains(v.format, "bcrypt") || parse(t, v.hash).Cost() > 4000 {
			continue
		}
		isCut := v.format == "bcrypt" || v.format == "django-bcrypt"
		for _, c := range []struct {
			other string
			want  bool
		}{
			{v.password[:72], isCut},
			{v.password[:72] + "x", isCut},
			{v.password[:71], false},
			{v.password[:71] + "x" + v.password[72:], false},
		} {
			if got := matches(t, parse(t, v.hash), c.other); got != c.want {
				t.Errorf("%s of %q with %q: %v", v.hash, v.password, c.other, got)
			}
		}
	}
}

// A long password for a hash of many rounds by SHA-crypt takes no longer than MaxCost.
func TestLongPasswordsAreNotHashedForMinutes(t *testing.T) {
	h := parse(t, "$6$rounds=5242880$salt$"+key43+key43)
	began := time.Now()
	if matches(t, h, strings.Repeat("x", 1024)) || time.Since(began) > time.Second {
		t.Errorf("took %v", time.Since(began))
	}
}

func TestFirebase(t *testing.T) {
	project := foreign.Firebase{
		SignerKey:     "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
		SaltSeparator: "Bw==", Rounds: 8, MemCost: 14,
	}
	stored := project.Hash("lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==", "42xEC+ixf3L2lw==")
	if !matches(t, parse(t, stored), "user1password") {
		t.Errorf("%s does not match", stored)
	}
}

func FuzzParse(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.hash)
	}
	for _, c := range costly {
		f.Add(c.most)
		f.Add(c.tooMuch)
	}
	for _, s := range unknown {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := foreign.Parse(s)
		switch {
		case err != nil:
			if !errors.Is(err, foreign.ErrUnknown) && !errors.Is(err, foreign.ErrTooCostly) {
				t.Fatal(err)
			}
		case h.Memory() <= 0 || h.Memory() > foreign.MaxMemory || h.Cost() < 0 || h.Cost() > foreign.MaxCost || h.Format() == "":
			t.Fatal(fmt.Sprint(h.Format(), h.Memory(), h.Cost()))
		case h.Cost() < 1000: // a millisecond
			if _, err := h.Verify("simplepass"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

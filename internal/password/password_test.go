package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
)

// cheap is for tests that do not depend on the cost.
var cheap = Params{Memory: 8, Time: 1}

// The hashes are what the reference implementation prints
// (https://github.com/P-H-C/phc-winner-argon2). The first three are in its test.c.
// The others were made with its command, for example:
//
//	printf %s password | argon2 somesalt -id -t 1 -k 64 -p 1 -l 32 -e
func TestVerifyKnowsTheHashesOfTheReference(t *testing.T) {
	for _, c := range []struct{ password, phc string }{
		{"password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"},
		{"password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"},
		{"password", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"},

		{"differentpassword", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$gJ7nvBcFxQh1IVKFS/MiEpoKAD5/Dtz7d04b9qEdSeU"},
		{"password", "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$PL01amPyeUuxG7H0vIr5X+qHkZvWnHmGBGXFYvh8z2E"},
		{"password", "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$cpx6VEQbwTVZvcpxNIxOVUWZ5xnAipUmAe1cg2GMG70"},
		{"correct horse battery staple ", "$argon2id$v=19$m=256,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$YO3iOoMaY/qXZO+LLSdTrg"},
		{"pässwörd 密码", "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" +
			"Dz8fuSqxSrDroPIDrnRTp6qerUN7K1wciJXNl6FEnfMEcdV0dT63W9p/GobUSNvr6r0aInSlgMtP0ZZj6ThFoQ"},
	} {
		if ok, err := Verify(c.password, c.phc); !ok || err != nil {
			t.Errorf("%q with %s: %v, %v", c.password, c.phc, ok, err)
		}
	}
}

func TestHashVerifiesItsPasswordAndNoOther(t *testing.T) {
	passwords := []string{
		"simplepass", "Simplepass", "simplepass ", " simplepass", "simplepas", "simplepass\x00", "simple\x00pass", "simplepass\n",
		"", "ä", "a\u0308", "\xff\xfe", "密码密码密码密码", strings.Repeat("x", 1024), strings.Repeat("x", 1023),
	}
	for i, password := range passwords {
		phc := Hash(password, cheap)
		for j, other := range passwords {
			if ok, err := Verify(other, phc); ok != (i == j) || err != nil {
				t.Errorf("%.20q with the hash of %.20q: %v, %v", other, password, ok, err)
			}
		}
	}
}

var form = regexp.MustCompile(`^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`)

func TestHashHasTheFormOfPHC(t *testing.T) {
	for _, p := range []Params{cheap, {Memory: 64, Time: 3}, Default} {
		got := form.FindStringSubmatch(Hash("simplepass", p))
		if want := []string{fmt.Sprint(p.Memory), fmt.Sprint(p.Time)}; got == nil || fmt.Sprint(got[1:]) != fmt.Sprint(want) {
			t.Errorf("%+v: %v", p, got)
		}
	}
	if n := len(Hash("simplepass", Default)); n != 97 {
		t.Errorf("with the default settings: %d bytes", n)
	}
}

func TestSaltIsFresh(t *testing.T) {
	seen := map[string]bool{}
	for range 20 {
		seen[strings.Split(Hash("simplepass", cheap), "$")[4]] = true
		seen[strings.Split(Decoy(cheap), "$")[4]] = true
	}
	if len(seen) != 40 {
		t.Errorf("%d salts in 40 hashes", len(seen))
	}
}

// A decoy has the form and cost of a hash, but no password matches it.
func TestDecoy(t *testing.T) {
	for _, p := range []Params{cheap, {Memory: 64, Time: 3}, Default} {
		decoy, hash := Decoy(p), Hash("simplepass", p)
		if !form.MatchString(decoy) || len(decoy) != len(hash) || decoy[:strings.Index(decoy, "p=1$")] != hash[:strings.Index(hash, "p=1$")] {
			t.Errorf("%+v: %s, while a hash is %s", p, decoy, hash)
		}
		if NeedsUpgrade(decoy, p) {
			t.Errorf("%s would be replaced", decoy)
		}
	}
	decoy := Decoy(cheap)
	for _, password := range []string{"", "simplepass", "password", decoy, strings.Repeat("x", 1024), "\x00"} {
		if ok, err := Verify(password, decoy); ok || err != nil {
			t.Errorf("%.20q: %v, %v", password, ok, err)
		}
	}
}

// b64 returns n zero bytes in the base 64 of the PHC format.
func b64(n int) string { return base64.RawStdEncoding.EncodeToString(make([]byte, n)) }

func TestMalformedHashes(t *testing.T) {
	salt, key := b64(16), b64(32)
	with := func(params string) string { return "$argon2id$v=19$" + params + "$" + salt + "$" + key }
	for what, phc := range map[string]string{
		"empty":              "",
		"no hash":            "!",
		"plain text":         "simplepass",
		"dollars":            "$$$$$",
		"many dollars":       strings.Repeat("$", 512),
		"too long":           with("m=64,t=1,p=1") + strings.Repeat("A", 512),
		"far too long":       with("m=64,t=1,p=1") + strings.Repeat("A", 1<<20),
		"bcrypt":             "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
		"argon2i":            "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$m+x4L7hN2ZRjBBfcMx29Bo5JdJxIE52dqtM6I/wGjDY",
		"argon2d":            "$argon2d$v=19$m=64,t=1,p=1$c29tZXNhbHQ$Bj+eR+LycLGV0+FiRfL3OgxHJE8XA/vAQ0igWFvefE8",
		"version 16":         "$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$BNNN5hUxEQkUk67iF/12o/X1a4Jvvi9IzrjXfdGe2so",
		"no version":         "$argon2id$m=64,t=1,p=1$" + salt + "$" + key,
		"version 019":        strings.Replace(with("m=64,t=1,p=1"), "v=19", "v=019", 1),
		"upper case":         strings.Replace(with("m=64,t=1,p=1"), "argon2id", "ARGON2ID", 1),
		"nothing before":     with("m=64,t=1,p=1")[1:],
		"something before":   " " + with("m=64,t=1,p=1"),
		"line break":         with("m=64,t=1,p=1") + "\n",
		"NUL":                with("m=64,t=1,p=1") + "\x00",
		"NUL inside":         with("m=64,t=1\x00,p=1"),
		"more fields":        with("m=64,t=1,p=1") + "$",
		"no key":             "$argon2id$v=19$m=64,t=1,p=1$" + salt,
		"no salt":            "$argon2id$v=19$m=64,t=1,p=1$$" + key,
		"no parameters":      with(""),
		"parameters missing": with("m=64,t=1"),
		"one more":           with("m=64,t=1,p=1,x=1"),
		"key id":             with("m=64,t=1,p=1,keyid=AAAA"),
		"other order":        with("t=1,m=64,p=1"),
		"one twice":          with("m=64,m=64,p=1"),
		"spaces":             with("m=64, t=1, p=1"),
		"no value":           with("m=,t=1,p=1"),
		"sign":               with("m=+64,t=1,p=1"),
		"negative":           with("m=64,t=-1,p=1"),
		"hexadecimal":        with("m=0x40,t=1,p=1"),
		"underscore":         with("m=6_4,t=1,p=1"),
		"fraction":           with("m=64.0,t=1,p=1"),
		"leading zero":       with("m=064,t=1,p=1"),
		"other digits":       with("m=６４,t=1,p=1"),
		"m=0":                with("m=0,t=1,p=1"),
		"t=0":                with("m=64,t=0,p=1"),
		"p=0":                with("m=64,t=1,p=0"),
		"m too small":        with("m=7,t=1,p=1"),
		"m too small for p":  with("m=31,t=1,p=4"),
		"m too large":        with(fmt.Sprintf("m=%d,t=1,p=1", MaxMemory+1)),
		"m beyond 32 bits":   with(fmt.Sprintf("m=%d,t=1,p=1", uint64(math.MaxUint32)+1+64)),
		"m beyond 64 bits":   with("m=99999999999999999999999999,t=1,p=1"),
		"t too large":        with(fmt.Sprintf("m=64,t=%d,p=1", MaxTime+1)),
		"p too large":        with("m=4096,t=1,p=17"),
		"p beyond 8 bits":    with("m=4096,t=1,p=257"),
		"salt padded":        "$argon2id$v=19$m=64,t=1,p=1$" + salt + "==$" + key,
		"key padded":         with("m=64,t=1,p=1") + "=",
		"salt too short":     "$argon2id$v=19$m=64,t=1,p=1$" + b64(7) + "$" + key,
		"salt too long":      "$argon2id$v=19$m=64,t=1,p=1$" + b64(65) + "$" + key,
		"key empty":          "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$",
		"key too short":      "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + b64(7),
		"key too long":       "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + b64(65),
		"key cut":            with("m=64,t=1,p=1")[:len(with("m=64,t=1,p=1"))-2],
		"address base 64":    "$argon2id$v=19$m=64,t=1,p=1$" + strings.Repeat("_", 22) + "$" + key,
		"stray bits":         "$argon2id$v=19$m=64,t=1,p=1$" + strings.Repeat("A", 21) + "B$" + key,
		"salt line break":    "$argon2id$v=19$m=64,t=1,p=1$" + salt[:9] + "\n" + salt[9:] + "$" + key,
		"key line break":     with("m=64,t=1,p=1") + "\r\n",
		"invalid UTF-8":      with("m=64,t=1,p=1") + "\xff",
	} {
		if _, err := parse(phc); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", what, err)
		}
		if !NeedsUpgrade(phc, cheap) {
			t.Errorf("%s: is as good as a new one", what)
		}
	}
}

func TestLimitsAreAccepted(t *testing.T) {
	for _, phc := range []string{
		fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=16$%s$%s", MaxMemory, MaxTime, b64(64), b64(64)),
		fmt.Sprintf("$argon2id$v=19$m=%d,t=1,p=1$%s$%s", MinMemory, b64(8), b64(8)),
		"$argon2id$v=19$m=128,t=1,p=16$" + b64(9) + "$" + b64(10),
	} {
		if h, err := parse(phc); err != nil || h.String() != phc {
			t.Errorf("%s: %v, %v", phc, h, err)
		}
	}
}

// FuzzParse tests parse alone. Deriving a key may take a hundred passes over
// gigabytes within the limits.
func FuzzParse(f *testing.F) {
	f.Add(Hash("simplepass", cheap))
	f.Add(Decoy(Default))
	f.Add("$argon2id$v=19$m=4194304,t=100,p=16$" + b64(64) + "$" + b64(64))
	f.Add("$argon2id$v=19$m=064,t=1,p=1$" + b64(16) + "$" + b64(32))
	f.Add("$argon2id$v=19$m=64,t=1,p=1$" + b64(16) + "\n$" + b64(32))
	f.Add("$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$m+x4L7hN2ZRjBBfcMx29Bo5JdJxIE52dqtM6I/wGjDY")
	f.Add("$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW")
	f.Fuzz(func(t *testing.T, phc string) {
		h, err := parse(phc)
		if err != nil {
			if !errors.Is(err, ErrMalformed) || h != nil {
				t.Fatalf("got %v, %v", h, err)
			}
			return
		}
		if h.String() != phc {
			t.Errorf("%q became %q", phc, h)
		}
		within := func(what string, v, least, most int) {
			if v < least || v > most {
				t.Errorf("%q: %s is %d", phc, what, v)
			}
		}
		within("memory", int(h.Memory), MinMemory*int(h.lanes), MaxMemory)
		within("time", int(h.Time), 1, MaxTime)
		within("lanes", int(h.lanes), 1, 16)
		within("salt", len(h.salt), 8, 64)
		within("key", len(h.key), 8, 64)
	})
}

func BenchmarkHash(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Hash("simplepass", Default)
	}
}

func BenchmarkVerify(b *testing.B) {
	phc := Hash("simplepass", Default)
	for b.Loop() {
		if ok, err := Verify("simplepass", phc); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

// Compare with BenchmarkVerify: a wrong password for a hash of half the cost takes as long.
func BenchmarkVerifyAndSpendDifference(b *testing.B) {
	phc := Decoy(Params{Memory: Default.Memory, Time: 1})
	for b.Loop() {
		if ok, err := Verify("wrong", phc); ok || err != nil {
			b.Fatal(ok, err)
		}
		SpendDifference(phc, Default)
	}
}

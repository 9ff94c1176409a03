package password

import (
	"fmt"
	"testing"
)

func TestNeedsUpgrade(t *testing.T) {
	phc := func(m, t, p, salt, key int) string {
		return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", m, t, p, b64(salt), b64(key))
	}
	settings := Params{Memory: 1024, Time: 3}
	for _, c := range []struct {
		what, phc string
		want      bool
	}{
		{"the same", phc(1024, 3, 1, 16, 32), false},
		{"made with these settings", Hash("simplepass", settings), false},
		{"more memory", phc(2048, 3, 1, 16, 32), false},
		{"more passes", phc(1024, 4, 1, 16, 32), false},
		{"a longer salt and key", phc(1024, 3, 1, 32, 64), false},
		{"less memory", phc(1023, 3, 1, 16, 32), true},
		{"fewer passes", phc(1024, 2, 1, 16, 32), true},
		{"more memory, fewer passes", phc(65536, 2, 1, 16, 32), true},
		{"more passes, less memory", phc(1000, 9, 1, 16, 32), true},
		{"more lanes", phc(1024, 3, 2, 16, 32), true},
		{"a short salt", phc(1024, 3, 1, 15, 32), true},
		{"a short key", phc(1024, 3, 1, 16, 31), true},
		{"of another kind", "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", true},
	} {
		if got := NeedsUpgrade(c.phc, settings); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}

func TestMeetsOWASP(t *testing.T) {
	for _, c := range []struct {
		memory, time uint32
		want         bool
	}{
		// The cheat sheet's settings, and just below each.
		{47104, 1, true}, {47103, 1, false},
		{19456, 2, true}, {19455, 2, false},
		{12288, 3, true}, {12287, 3, false},
		{9216, 4, true}, {9215, 4, false},
		{7168, 5, true}, {7167, 5, false},
		// Between and beyond them.
		{30000, 2, true}, {65536, 3, true}, {7168, 100, true}, {7167, 100, false},
		{1 << 20, 0, false}, {0, 0, false},
	} {
		if got := (Params{c.memory, c.time}).MeetsOWASP(); got != c.want {
			t.Errorf("m=%d, t=%d: %v", c.memory, c.time, got)
		}
	}
	if !Default.MeetsOWASP() {
		t.Error("the default does not")
	}
}

// A cheaper hash and the difference cost as much as a new hash, in no more memory.
func TestDifference(t *testing.T) {
	now := Params{Memory: 19456, Time: 2}
	for _, c := range []struct{ old, rest Params }{
		{Params{19456, 1}, Params{19456, 1}},
		{Params{4096, 2}, Params{15360, 2}},
		{Params{4096, 1}, Params{17408, 2}},
		{Params{12288, 3}, Params{2048, 1}},
		{Params{19456, 2}, Params{}},
		{Params{19455, 2}, Params{}}, // less than any hash costs
		{Params{MaxMemory, MaxTime}, Params{}},
	} {
		if got := difference(now, c.old.Cost().Time); got != c.rest {
			t.Errorf("after %+v: %+v, want %+v", c.old, got, c.rest)
		}
	}
	SpendDifference("not a hash", now)
	SpendDifference(Decoy(Params{64, 1}), Params{128, 1})
}

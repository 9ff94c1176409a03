package argon2

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	original "golang.org/x/crypto/argon2"
)

// RFC 9106, sections 5.1 to 5.3.
func TestVectorsOfTheRFC(t *testing.T) {
	for kind, tag := range map[Kind]string{
		D:  "512b391b6f1162975371d30919734294f868e3be3984f3c1a13a4db9fabe4acb",
		I:  "c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8",
		ID: "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659",
	} {
		in := input{
			kind: kind, password: bytes.Repeat([]byte{1}, 32), salt: bytes.Repeat([]byte{2}, 16),
			secret: bytes.Repeat([]byte{3}, 8), data: bytes.Repeat([]byte{4}, 12),
			passes: 3, memory: 32, lanes: 4, size: 32,
		}
		const digest = "2889de487eb42ae500c0007ed9252f1069eadec40d5765b485de6dc2437a67b8" +
			"546a2f0acc1a0882db8fcf74714b472e94df421a5da1112ffa11434370a1e997"
		if got := fmt.Sprintf("%x", in.hash()); kind == ID && got != digest {
			t.Errorf("pre-hashing digest %s, want %s", got, digest)
		}
		if got := hex.EncodeToString(in.key()); got != tag {
			t.Errorf("kind %d: tag %s, want %s", kind, got, tag)
		}
	}
}

// The keys were made with the command of the reference implementation
// (https://github.com/P-H-C/phc-winner-argon2) and are among the tests of x/crypto.
func TestVectorsOfTheReferenceImplementation(t *testing.T) {
	for _, v := range []struct {
		time, memory uint32
		lanes        uint8
		key          string
	}{
		{1, 64, 1, "655ad15eac652dc59f7170a7332bf49b8469be1fdb9c28bb"},
		{2, 64, 1, "068d62b26455936aa6ebe60060b0a65870dbfa3ddf8d41f7"},
		{2, 64, 2, "350ac37222f436ccb5c0972f1ebd3bf6b958bf2071841362"},
		{2, 64, 3, "4a15b31aec7c2590b87d1f520be7d96f56658172deaa3079"},
		{3, 256, 2, "4668d30ac4187e6878eedeacf0fd83c5a0a30db2cc16ef0b"},
		{4, 4096, 4, "145db9733a9f4ee43edf33c509be96b934d505a4efb33c5a"},
		{4, 1024, 8, "8dafa8e004f8ea96bf7c0f93eecf67a6047476143d15577f"},
		{3, 1024, 6, "1640b932f4b60e272f5d2207b9a9c626ffa1bd88d2349016"},
	} {
		if got := hex.EncodeToString(IDKey([]byte("password"), []byte("somesalt"), v.time, v.memory, v.lanes, 24)); got != v.key {
			t.Errorf("t=%d m=%d p=%d: %s, want %s", v.time, v.memory, v.lanes, got, v.key)
		}
	}
}

func TestKeysEqualThoseOfXCrypto(t *testing.T) {
	for _, memory := range []uint32{1, 8, 31, 64, 1000} {
		for _, time := range []uint32{1, 2, 3} {
			for _, lanes := range []uint8{1, 2, 4, 16} {
				for _, size := range []uint32{4, 32, 64, 65, 100} {
					compare(t, fmt.Append(nil, "password", memory, lanes), fmt.Append(nil, "some salt", time), time, memory, lanes, size)
				}
			}
		}
	}
}

// The seed is constant, so a failure can be repeated.
func TestKeysOfRandomInputsEqualThoseOfXCrypto(t *testing.T) {
	random := rand.New(rand.NewPCG(9106, 0))
	bytesUpTo := func(most int) []byte {
		b := binary.LittleEndian.AppendUint64(nil, random.Uint64())
		return bytes.Repeat(b, 1+most/len(b))[:random.IntN(most+1)]
	}
	for range 100 {
		compare(t, bytesUpTo(1024), bytesUpTo(64), 1+random.Uint32N(4), random.Uint32N(1000), uint8(1+random.Uint32N(20)), 1+random.Uint32N(200))
	}
}

func compare(t *testing.T, password, salt []byte, time, memory uint32, lanes uint8, size uint32) {
	t.Helper()
	if got, want := Key(I, password, salt, time, memory, lanes, size), original.Key(password, salt, time, memory, lanes, size); !bytes.Equal(got, want) {
		t.Errorf("Argon2i, t=%d m=%d p=%d: %x, want %x", time, memory, lanes, got, want)
	}
	want := original.IDKey(password, salt, time, memory, lanes, size)
	if got := IDKey(password, salt, time, memory, lanes, size); !bytes.Equal(got, want) {
		t.Errorf("password %x, salt %x, t=%d m=%d p=%d: %x, want %x", password, salt, time, memory, lanes, got, want)
	}
}

// Memory is reused, but never by two derivations at once.
func TestKeysDerivedAtTheSameTime(t *testing.T) {
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 5 {
				compare(t, fmt.Append(nil, "password", i), []byte("some salt"), 2, uint32(64<<(i%3)), 1, 32)
			}
		})
	}
	all.Wait()
}

func TestZeroParametersPanic(t *testing.T) {
	for what, derive := range map[string]func(){
		"time":  func() { IDKey(nil, nil, 0, 64, 1, 32) },
		"lanes": func() { IDKey(nil, nil, 1, 64, 0, 32) },
		"size":  func() { IDKey(nil, nil, 1, 64, 1, 0) },
	} {
		t.Run(what, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			derive()
		})
	}
}

func TestMemoryIsReused(t *testing.T) {
	result := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			IDKey([]byte("simplepass"), make([]byte, 16), 1, 4096, 1, 32)
		}
	})
	if got := result.AllocedBytesPerOp(); got > 1<<20 {
		t.Errorf("a key derived in 4 MiB allocates %d bytes", got)
	}
}

// The parameters are Cardea's default.
func BenchmarkIDKey(b *testing.B) {
	for name, derive := range map[string]func(password, salt []byte, time, memory uint32, lanes uint8, size uint32) []byte{
		"ours": IDKey, "x/crypto": original.IDKey,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				derive([]byte("simplepass"), make([]byte, 16), 2, 19456, 1, 32)
			}
		})
	}
}

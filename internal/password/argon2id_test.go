package password

import (
	"bytes"
	"fmt"
	"testing"

	original "golang.org/x/crypto/argon2"
)

// The keys are those of golang.org/x/crypto, whatever was in the memory before.
func TestArgon2id(t *testing.T) {
	for _, memory := range []uint32{1, 8, 31, 64, 1000, 4096} {
		for _, time := range []uint32{1, 2, 3} {
			for _, lanes := range []uint8{1, 2, 4, 16} {
				for _, size := range []uint32{4, 32, 64, 100} {
					password, salt := fmt.Append(nil, "password", memory, lanes), fmt.Append(nil, "some salt", time)
					want := original.IDKey(password, salt, time, memory, lanes, size)
					if got := argon2id(password, salt, time, memory, lanes, size); !bytes.Equal(got, want) {
						t.Errorf("m=%d t=%d p=%d, %d bytes: %x, want %x", memory, time, lanes, size, got, want)
					}
				}
			}
		}
	}
}

// A hash allocates next to nothing when there was one before.
func TestMemoryIsUsedAgain(t *testing.T) {
	result := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			argon2id([]byte("simplepass"), make([]byte, saltBytes), 1, 4096, 1, keyBytes)
		}
	})
	if got := result.AllocedBytesPerOp(); got > 1<<20 {
		t.Errorf("a hash of 4 MiB allocates %d bytes", got)
	}
}

func BenchmarkArgon2id(b *testing.B) {
	for name, derive := range map[string]func(password, salt []byte, time, memory uint32, lanes uint8, size uint32) []byte{
		"ours": argon2id, "x/crypto": original.IDKey,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				derive([]byte("simplepass"), make([]byte, saltBytes), Default.Time, Default.Memory, lanes, keyBytes)
			}
		})
	}
}
